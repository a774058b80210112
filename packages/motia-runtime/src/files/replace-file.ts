import type { BigIntStats } from 'node:fs'
import { dirname } from 'node:path'
import { setImmediate as nextTick } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { accessOf, type FileAccess, giveAccess } from './file-access'
import { type FileCalls, hasCode, syncFile, syncFolder, writeAll } from './file-calls'
import { versionOf } from './file-stamp'

/** How long a write may block the event loop at a time, in ms. */
const SLICE_MS = 3

/**
 * Writes a new file at `path`, in slices that do not block the event loop. Resolves to the open file once its content,
 * but not its name, is on disk. No edit can produce its modification time (see `isSettled`). Removes the file if
 * anything fails.
 */
export async function writeFile(
  calls: FileCalls,
  path: string,
  parts: Iterable<Uint8Array>,
  access?: FileAccess,
): Promise<number> {
  calls.rmSync(path, { force: true })
  const fd = calls.openSync(path, 'wx+', access?.mode)
  try {
    if (access) giveAccess(calls, fd, access)
    let sliceEndsAt = performance.now() + SLICE_MS
    for (const part of parts) {
      writeAll(calls, fd, part)
      if (performance.now() < sliceEndsAt) continue
      await nextTick()
      sliceEndsAt = performance.now() + SLICE_MS
    }
    const mtime = (Date.now() + Math.random()) / 1000
    calls.futimesSync(fd, mtime, mtime)
    await syncFile(calls, fd, 'all')
    return fd
  } catch (error) {
    calls.closeSync(fd)
    calls.rmSync(path, { force: true })
    throw error
  }
}

/** What a file is expected to be when it is replaced. */
export interface ExpectedFile {
  /** See `versionAt`; null: missing. */
  version: string | null
  /** If undefined, the file may have any access. */
  access?: FileAccess | undefined
}

/**
 * Replaces the file at `path` by the one at `next` if it is as expected. Resolves to true once that is on disk. The old
 * file is then at `next`, on most file systems. Resolves to false if the file is another one, and leaves it alone. The
 * two files are exchanged in one step, and the one that comes out is checked, so that even an edit at the same moment
 * survives.
 */
export async function replaceFile(
  calls: FileCalls,
  path: string,
  next: string,
  expected: ExpectedFile,
): Promise<boolean> {
  const version = versionAt(calls, next)
  const isReplaced = () => isExpected(calls, next, expected)
  const putBack = () => {
    calls.swapSync(next, path)
    // What comes out is the new version, unless there was another edit meanwhile, which is then the later one.
    if (versionAt(calls, next) !== version) calls.swapSync(next, path)
    return false
  }
  if (!isExpected(calls, path, expected)) return false
  const how = exchange(calls, path, next, expected.version === null)
  if (how === 'edited') return false
  if (how === 'swapped' && !isReplaced()) return putBack()
  await syncFolder(calls, dirname(path))
  // An editor that writes in place may have opened the old version earlier.
  return how !== 'swapped' || isReplaced() || putBack()
}

/** Some file systems can neither swap nor link. There, an edit between the check and the rename is lost. */
function exchange(
  calls: FileCalls,
  path: string,
  next: string,
  isNew: boolean,
): 'swapped' | 'linked' | 'renamed' | 'edited' {
  try {
    if (!isNew) calls.swapSync(next, path)
    else {
      calls.linkSync(next, path)
      calls.rmSync(next)
    }
    return isNew ? 'linked' : 'swapped'
  } catch (error) {
    // Somebody has created or removed the file.
    if (hasCode(error, isNew ? 'EEXIST' : 'ENOENT')) return 'edited'
    if (!hasCode(error, 'EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM')) throw error
    calls.renameSync(next, path)
    return 'renamed'
  }
}

/** Returns the version of the file at a path; null if there is none. */
export function versionAt(calls: FileCalls, path: string): string | null {
  const stats = statAt(calls, path)
  return stats ? versionOf(stats) : null
}

function isExpected(calls: FileCalls, path: string, { version, access }: ExpectedFile): boolean {
  const stats = statAt(calls, path)
  if (!stats) return version === null
  return versionOf(stats) === version && (!access || isDeepStrictEqual(accessOf(stats), access))
}

const statAt = (calls: FileCalls, path: string): BigIntStats | undefined =>
  calls.lstatSync(path, { bigint: true, throwIfNoEntry: false })
