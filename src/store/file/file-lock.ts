import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { tryLock, waitForLock } from 'fs-native-extensions'

/**
 * Runs `work` while holding the lock file, which only one can among all processes, and within one. Makes the file, and its
 * folder, if need be. A wait cannot be cancelled and occupies a thread: queue in front of it.
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  // The lock belongs to the open file: opened anew each time, it is free once closed, also by the death of the process.
  // Opening and closing an empty file takes microseconds, a hop to a thread and back ten times that.
  const descriptor = openOrCreate(path)
  try {
    if (!tryLock(descriptor)) await waitForLock(descriptor)
    return await work()
  } finally {
    closeSync(descriptor)
  }
}

function openOrCreate(path: string): number {
  try {
    return openSync(path, 'a')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    mkdirSync(dirname(path), { recursive: true })
    return openSync(path, 'a')
  }
}
