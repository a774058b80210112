import type { BigIntStats, Stats } from 'node:fs'
import type { FileCalls } from './file-calls'

/** The permissions and owners of a file. */
export interface FileAccess {
  mode: number
  uid: number
  gid: number
}

/** Returns the permissions and owners in a file's stat. */
export const accessOf = ({ mode, uid, gid }: Pick<Stats | BigIntStats, 'mode' | 'uid' | 'gid'>): FileAccess => ({
  mode: Number(mode) & 0o777,
  uid: Number(uid),
  gid: Number(gid),
})

/** Gives a file these permissions, regardless of the umask, and these owners if this process may. */
export function giveAccess(calls: FileCalls, fd: number, { mode, uid, gid }: FileAccess): void {
  const own = calls.fstatSync(fd)
  const isGiven = (own.uid === uid && own.gid === gid) || giveOwner(calls, fd, uid, gid)
  const hasGroup = isGiven || own.gid === gid || giveOwner(calls, fd, own.uid, gid)
  // A group other than the old file's gets only the rights that everybody has.
  calls.fchmodSync(fd, hasGroup ? mode : (mode & 0o707) | ((mode & 0o007) << 3))
}

function giveOwner(calls: FileCalls, fd: number, uid: number, gid: number): boolean {
  try {
    calls.fchownSync(fd, uid, gid)
    return true
  } catch {
    // Only root may change the owner, and only members of a group may set that group.
    return false
  }
}
