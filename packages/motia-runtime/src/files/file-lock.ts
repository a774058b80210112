import { closeSynced, type FileCalls, isMissing, nodeFiles, openInFolder } from './file-calls'

/** How to open a file for locking. */
export interface LockOptions {
  calls?: FileCalls
  /** The permissions of a file that does not exist yet, before the umask. */
  mode?: number
}

/**
 * Runs `work` while holding the file's exclusive lock, which also excludes other calls in this process. `work` gets the
 * file, open for reading and appending. The file and its folder are created if missing. Waiting for the lock occupies a
 * thread and cannot be cancelled, so let callers queue before this.
 */
export async function withFileLock<T>(
  path: string,
  work: (fd: number) => Promise<T>,
  { calls = nodeFiles, mode }: LockOptions = {},
): Promise<T> {
  for (;;) {
    // The lock belongs to the open file, so closing the file or the death of the process frees it. Opening and closing
    // a file takes microseconds, a hop to a thread and back ten times that.
    const fd = openInFolder(calls, path, 'a+', mode)
    try {
      if (!calls.tryLock(fd)) await calls.waitForLock(fd)
      // If the file was replaced or removed meanwhile, this lock is the wrong one.
      if (isAt(calls, path, fd)) return await work(fd)
    } finally {
      closeSynced(calls, fd)
    }
  }
}

function isAt(calls: FileCalls, path: string, fd: number): boolean {
  try {
    return calls.statSync(path).ino === calls.fstatSync(fd).ino
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}
