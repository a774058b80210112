declare module 'fs-native-extensions' {
  /** Takes the exclusive lock for this open file; false where another open file has it. */
  export function tryLock(fd: number): boolean

  /** Resolves once this open file holds the exclusive lock; the wait cannot be cancelled and occupies a thread. */
  export function waitForLock(fd: number): Promise<void>
}
