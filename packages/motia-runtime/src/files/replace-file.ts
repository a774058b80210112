import { dirname } from 'node:path'
import { setImmediate as nextTick } from 'node:timers/promises'
import { type FileAccess, giveAccess } from './file-access'
import { type FileCalls, hasCode, syncFile, syncFolder, writeAll } from './file-calls'
import { versionOf } from './file-stamp'

/** How long a write may keep everybody else waiting at a time, in ms. */
const SLICE_MS = 3

/**
 * Writes a new file at `path`, in slices that leave others their turn, and returns it, open, once its content is on disk. Its name is
 * not yet. Its time of change is one that no edit can bring about (see `isSettled`). Removes it if anything fails.
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

/**
 * Puts the file at `next` in the place of the one at `path` if that is of the version `expected` (null: missing), and resolves
 * to true once that is on disk: what was replaced is at `next` then, on most disks. If it is of another version, it stays, and the
 * result is false. The two change places in one step, and what comes out is looked at, so that even an edit of that very moment
 * stays.
 */
export async function replaceFile(
  calls: FileCalls,
  path: string,
  next: string,
  expected: string | null,
): Promise<boolean> {
  const version = versionAt(calls, next)
  const isReplaced = () => versionAt(calls, next) === expected
  const putBack = () => {
    calls.swapSync(next, path)
    // What comes out is the new version, unless there was another edit meanwhile: then that is the later one.
    if (versionAt(calls, next) !== version) calls.swapSync(next, path)
    return false
  }
  if (versionAt(calls, path) !== expected) return false
  const how = exchange(calls, path, next, expected === null)
  if (how === 'edited') return false
  if (how === 'swapped' && !isReplaced()) return putBack()
  await syncFolder(calls, dirname(path))
  // An editor that writes in place may have opened the old version before.
  return how !== 'swapped' || isReplaced() || putBack()
}

/** Some file systems can neither swap nor link: there an edit between the look at the file and the rename is lost. */
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
    // Somebody made the file, or took it away.
    if (hasCode(error, isNew ? 'EEXIST' : 'ENOENT')) return 'edited'
    if (!hasCode(error, 'EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM')) throw error
    calls.renameSync(next, path)
    return 'renamed'
  }
}

/** The version of the file at a path; null if there is none. */
export function versionAt(calls: FileCalls, path: string): string | null {
  const stats = calls.lstatSync(path, { bigint: true, throwIfNoEntry: false })
  return stats ? versionOf(stats) : null
}
