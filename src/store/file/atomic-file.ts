import { type BigIntStats, closeSync, fstatSync, fsync, futimesSync, openSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

// Only what may wait for the disk is handed to a thread, the rename with it (0.2 ms, and 4 where others write): the hop
// costs ten times what an open does.
const sync = promisify(fsync)

/** How `replaceFile` opens files, and what it asks and tells along the way. */
export interface ReplaceOptions {
  /** `open` of node:fs/promises; tests pass one that fails. */
  openFile?: typeof open
  /** The permissions of the new file, before the umask. */
  mode?: number
  /** Asked when all is written, just before the old file goes; `false` leaves that one in place. */
  mayReplace?: () => boolean
  /** Told the new file's stat (from before the rename) once it is in place: visible, if not yet safe from a power cut. */
  onReplaced?: (written: BigIntStats) => void
}

/**
 * Replaces a file at once and durably: a reader sees the old content or the new, and a crash leaves one of them. The caller
 * holds a lock, hence the fixed name of the temp file. Resolves to whether the file was replaced.
 */
export async function replaceFile(
  path: string,
  parts: readonly Uint8Array[],
  { openFile = open, mode, mayReplace = () => true, onReplaced }: ReplaceOptions = {},
): Promise<boolean> {
  const temp = `${path}.tmp`
  try {
    const written = await writeDurably(temp, parts, openFile, mode)
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
  await syncFolder(dirname(path))
  return true
}

async function writeDurably(path: string, parts: readonly Uint8Array[], openFile: typeof open, mode?: number) {
  const handle = await openFile(path, 'w', mode)
  try {
    await writeAll(handle, parts)
    // An mtime between the ticks of the kernel's clock: no later edit in place can bring it about (see file-stamp).
    const mtime = (Date.now() + Math.random()) / 1000
    futimesSync(handle.fd, mtime, mtime)
    await handle.sync()
    return fstatSync(handle.fd, { bigint: true })
  } finally {
    await handle.close()
  }
}

// `writeFile` wants the parts joined, which at 30 MB costs more than writing them.
async function writeAll(handle: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  let rest = [...parts]
  while (rest.length > 0) {
    // A disk that fills up ends in a short write first, and in the error at the next one.
    const { bytesWritten } = await handle.writev(rest)
    rest = dropBytes(rest, bytesWritten)
  }
}

function dropBytes(parts: Uint8Array[], count: number): Uint8Array[] {
  let left = count
  for (const [index, part] of parts.entries()) {
    if (left < part.length) return [part.subarray(left), ...parts.slice(index + 1)]
    left -= part.length
  }
  return []
}

async function syncFolder(path: string): Promise<void> {
  const folder = openSync(path, 'r')
  try {
    await sync(folder)
  } finally {
    closeSync(folder)
  }
}
