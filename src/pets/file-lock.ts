import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { waitForLock } from 'fs-native-extensions'

/**
 * Runs `work` while holding the lock file, which only one can among all processes, and within one. Makes the file, and its
 * folder, if need be. A wait cannot be cancelled and occupies a thread: queue in front of it.
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  // The lock belongs to the open file: opened anew each time, it is free once closed, also by the death of the process.
  const handle = await openOrCreate(path)
  try {
    await waitForLock(handle.fd)
    return await work()
  } finally {
    await handle.close()
  }
}

async function openOrCreate(path: string) {
  try {
    return await open(path, 'a')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    await mkdir(dirname(path), { recursive: true })
    return await open(path, 'a')
  }
}
