declare module 'fs-native-extensions' {
  /** Takes the exclusive lock for this open file. Returns false if another open file has it. */
  export function tryLock(fd: number): boolean

  /** Resolves once this open file has the exclusive lock. The wait occupies a thread and cannot be cancelled. */
  export function waitForLock(fd: number): Promise<void>

  /**
   * Exchanges the files of two paths, in one step except on Windows. Throws if one is missing or the file system cannot
   * do it.
   */
  export function swapSync(from: string, to: string): void
}
