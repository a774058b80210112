declare module 'fs-native-extensions' {
  /** Takes the exclusive lock for this open file; false if another open file has it. */
  export function tryLock(fd: number): boolean

  /** Resolves once this open file holds the exclusive lock; the wait cannot be cancelled and occupies a thread. */
  export function waitForLock(fd: number): Promise<void>

  /** Exchanges the files of two paths, in one step except on Windows; throws if one is missing or the disk cannot do it. */
  export function swapSync(from: string, to: string): void
}
