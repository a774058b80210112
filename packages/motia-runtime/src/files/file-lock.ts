import { closeSynced, type FileCalls, isMissing, nodeFiles, openInFolder } from './file-calls'

/** How a file is opened to be locked. */
export interface LockOptions {
  calls?: FileCalls
  /** The permissions of a file that does not exist yet, before the umask. */
  mode?: number
}

/**
 * Runs `work` while holding the file's lock, which only one can among all processes, and within one. `work` gets the file,
 * open for reading and appending; it is made if need be, with its folder. A wait for the lock cannot be cancelled and
 * occupies a thread: queue in front of it.
 */
export async function withFileLock<T>(
  path: string,
  work: (fd: number) => Promise<T>,
  { calls = nodeFiles, mode }: LockOptions = {},
): Promise<T> {
  for (;;) {
    // The lock belongs to the open file: opened for each turn, it is free once closed, also by the death of the process.
    // Opening and closing a file takes microseconds, a hop to a thread and back ten times that.
    const fd = openInFolder(calls, path, 'a+', mode)
    try {
      if (!calls.tryLock(fd)) await calls.waitForLock(fd)
      // While it waited the file may have been replaced or removed: then the lock that counts is that of another file.
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
