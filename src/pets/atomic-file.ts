import type { BigIntStats } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** How `replaceFile` opens files, and what it asks and tells along the way. */
export interface ReplaceOptions {
  /** `open` of node:fs/promises; tests pass one that fails. */
  openFile?: typeof open
  /** The permissions of the new file, before the umask. */
  mode?: number
  /** Asked when all is written, just before the old file goes; `false` leaves it in place. */
  mayReplace?: () => boolean
  /** Told the stat of the new file once it is in place, if not yet sure to survive a power cut. */
  onReplaced?: (written: BigIntStats) => void
}

/**
 * Replaces a file at once and durably: a reader sees the old content or the new, and a crash leaves one of them. The caller
 * holds a lock, hence the fixed name of the temp file. Resolves to whether the file was replaced.
 */
export async function replaceFile(path: string, data: Uint8Array, options: ReplaceOptions = {}): Promise<boolean> {
  const { openFile = open, mode, mayReplace = () => true, onReplaced } = options
  const temp = `${path}.tmp`
  try {
    const written = await writeDurably(temp, data, openFile, mode)
    if (!mayReplace()) {
      await rm(temp)
      return false
    }
    await rename(temp, path)
    onReplaced?.(written)
  } catch (error) {
    await rm(temp, { force: true }).catch(() => {})
    throw error
  }
  await syncFolder(dirname(path), openFile)
  return true
}

async function writeDurably(path: string, data: Uint8Array, openFile: typeof open, mode?: number) {
  const handle = await openFile(path, 'w', mode)
  try {
    await handle.writeFile(data)
    // An mtime between the ticks of the kernel's clock: no later edit in place can carry it (see file-stamp).
    const mtime = (Date.now() + Math.random()) / 1000
    await handle.utimes(mtime, mtime)
    await handle.sync()
    return await handle.stat({ bigint: true })
  } finally {
    await handle.close()
  }
}

async function syncFolder(path: string, openFile: typeof open): Promise<void> {
  const handle = await openFile(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
