import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { waitForLock } from 'fs-native-extensions'

// Kept on `globalThis` so that a hot-reloaded copy of this module queues behind the old one: a wait in the kernel blocks a
// pool thread, and as many waiters as there are threads would leave the holder none to finish with.
const QUEUES = Symbol.for('motia-pet-store.file-lock-queues')
const globals = globalThis as { [QUEUES]?: Map<string, Promise<unknown>> }
globals[QUEUES] ??= new Map()
const queues = globals[QUEUES]

/** Runs `work` while holding the lock file exclusively, among all processes; creates the file, and its folder, if need be. */
export function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const turn = (queues.get(path) ?? Promise.resolve()).then(() => lockAndRun(path, work))
  const tail = turn
    .catch(() => {})
    .then(() => {
      if (queues.get(path) === tail) queues.delete(path)
    })
  queues.set(path, tail)
  return turn
}

async function lockAndRun<T>(path: string, work: () => Promise<T>): Promise<T> {
  const handle = await openLockFile(path)
  try {
    await waitForLock(handle.fd)
    return await work()
  } finally {
    await handle.close()
  }
}

async function openLockFile(path: string) {
  try {
    return await open(path, 'a')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    await mkdir(dirname(path), { recursive: true })
    return await open(path, 'a')
  }
}
