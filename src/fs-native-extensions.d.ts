declare module 'fs-native-extensions' {
  /** Resolves once this open file holds the exclusive lock; the wait cannot be cancelled and occupies a thread. */
  export function waitForLock(fd: number): Promise<void>
}
