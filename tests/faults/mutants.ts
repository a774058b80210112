import type { FileCalls } from 'motia-runtime'
import { aroundCalls } from '../../packages/motia-runtime/tests/files/watched-calls'

/** The calls that sync. */
export const SYNCS = ['fsync', 'fdatasync', 'fsyncSync']

/** When a sync is made: as the program asks, not at all, after it was said to be over, or once the file has its new name. */
type When = 'now' | 'never' | 'late' | 'after the rename'

/** How long after it was said to be over a late sync is made, in ms. */
const LATE_MS = 5

/** Returns the calls of a program that syncs at the wrong time. */
const syncing =
  (when: (path: string, isFolder: boolean) => When) =>
  (inner: FileCalls): FileCalls => {
    const paths = new Map<unknown, string>()
    /** The files that are synced once they are renamed. */
    const unsynced = new Set<unknown>()
    const syncNow = (path: string) => {
      let fd: number
      try {
        fd = inner.openSync(path, 'r')
      } catch {
        return
      }
      inner.fsyncSync(fd)
      inner.closeSync(fd)
    }
    return aroundCalls((name, args, make) => {
      const [first, second] = args
      if (name === 'openSync') {
        const fd = make()
        paths.set(fd, String(first))
        return fd
      }
      if (['renameSync', 'linkSync', 'swapSync'].includes(name)) {
        make()
        if (unsynced.delete(first)) syncNow(String(second))
        return undefined
      }
      if (!SYNCS.includes(name)) return make()
      const path = paths.get(first) ?? ''
      const time = when(path, inner.fstatSync(Number(first)).isDirectory())
      if (time === 'now') return make()
      if (time === 'late') setTimeout(() => syncNow(path), LATE_MS)
      if (time === 'after the rename') unsynced.add(path)
      const done = args.at(-1)
      if (typeof done === 'function') setImmediate(() => done(null))
      return undefined
    }, inner)
  }

/** Programs that lose data if the power fails. The tests must detect each of them. */
export const MUTANTS: [what: string, mutate: (calls: FileCalls) => FileCalls][] = [
  ['no file is synced', syncing((_, isFolder) => (isFolder ? 'now' : 'never'))],
  ['no folder is synced', syncing((_, isFolder) => (isFolder ? 'never' : 'now'))],
  ['a change is acknowledged before it is synced', syncing((path) => (path.endsWith('.journal') ? 'late' : 'now'))],
  ['a file is renamed before it is synced', syncing((path) => (path.endsWith('.tmp') ? 'after the rename' : 'now'))],
  [
    'an event is acknowledged when it is written to the audit trail, before that is synced',
    syncing((path) => (path.endsWith('audit.jsonl') ? 'late' : 'now')),
  ],
]

/** A program that repeats a failed sync, and trusts the result. */
export const SYNC_AGAIN = (inner: FileCalls): FileCalls =>
  aroundCalls((name, args, make) => {
    if (name === 'fsync') return inner.fsync(Number(args[0]), again)
    if (name === 'fdatasync') return inner.fdatasync(Number(args[0]), again)
    return make()

    function again(error: Error | null): void {
      const done = args.at(-1)
      if (typeof done !== 'function') return
      if (error) inner.fsync(Number(args[0]), (second) => done(second))
      else done(null)
    }
  }, inner)
