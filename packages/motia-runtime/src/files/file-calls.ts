import fs from 'node:fs'
import { dirname } from 'node:path'
import { swapSync, tryLock, waitForLock } from 'fs-native-extensions'

/** Every call by which the server reads, changes and locks its files. Tests pass calls that fail or record. */
export type FileCalls = Pick<
  typeof fs,
  | 'accessSync'
  | 'closeSync'
  | 'copyFileSync'
  | 'fchmodSync'
  | 'fchownSync'
  | 'fdatasync'
  | 'fstatSync'
  | 'fsync'
  | 'fsyncSync'
  | 'ftruncateSync'
  | 'futimesSync'
  | 'linkSync'
  | 'lstatSync'
  | 'mkdirSync'
  | 'openSync'
  | 'readdirSync'
  | 'readFileSync'
  | 'readSync'
  | 'renameSync'
  | 'rmSync'
  | 'statfsSync'
  | 'statSync'
  | 'writeSync'
> & {
  /** Exchanges the names of two files in one step. */
  swapSync: (a: string, b: string) => void
  /** Takes the exclusive lock for an open file. Returns false if another open file has it. */
  tryLock: (fd: number) => boolean
  /** Resolves once the open file has the exclusive lock. */
  waitForLock: (fd: number) => Promise<void>
}

/** The calls themselves. */
export const nodeFiles: FileCalls = { ...fs, swapSync, tryLock, waitForLock }

/** Returns whether a call failed with one of these codes. */
export const hasCode = (error: unknown, ...codes: string[]): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)

/** Returns whether a call failed because the file does not exist. */
export const isMissing = (error: unknown): boolean => hasCode(error, 'ENOENT')

/** Returns whether a file or folder of that name exists. */
export const exists = (calls: FileCalls, path: string): boolean =>
  calls.statSync(path, { throwIfNoEntry: false }) !== undefined

/** Writes all bytes. If the disk fills up, the first write is short and the next one throws. */
export function writeAll(calls: FileCalls, fd: number, bytes: Uint8Array): void {
  let written = 0
  while (written < bytes.length) written += calls.writeSync(fd, bytes, written)
}

/** Returns the bytes of a file from one position to another, or to its end if that comes first. */
export function readRange(calls: FileCalls, fd: number, from: number, to: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, to - from))
  let length = 0
  while (length < bytes.length) {
    const count = calls.readSync(fd, bytes, length, bytes.length - length, from + length)
    if (count === 0) break
    length += count
  }
  return bytes.subarray(0, length)
}

/** Closes a file whose content is synced. Ignores errors. */
export function closeSynced(calls: FileCalls, fd: number): void {
  try {
    calls.closeSync(fd)
  } catch {
    // The work is done. An error would make callers repeat it.
  }
}

/** Resolves once the file's content is on disk, together with its size (`data`) or its whole stat (`all`). */
export const syncFile = (calls: FileCalls, fd: number, what: 'data' | 'all'): Promise<void> =>
  new Promise((resolve, reject) => {
    const sync = what === 'data' ? calls.fdatasync : calls.fsync
    sync(fd, (error) => (error ? reject(error) : resolve()))
  })

/** Windows refuses to sync a folder (EPERM); NTFS writes names to a journal of its own. */
const CAN_SYNC_FOLDERS = process.platform !== 'win32'

/** Resolves once the names in the folder are on disk: of files that were created, renamed or removed there. */
export async function syncFolder(calls: FileCalls, path: string): Promise<void> {
  if (!CAN_SYNC_FOLDERS) return
  const fd = calls.openSync(path, 'r')
  await syncFile(calls, fd, 'all').finally(() => calls.closeSync(fd))
}

/** Like `syncFolder`, but synchronous. */
export function syncFolderNow(calls: FileCalls, path: string): void {
  if (!CAN_SYNC_FOLDERS) return
  const fd = calls.openSync(path, 'r')
  try {
    calls.fsyncSync(fd)
  } finally {
    calls.closeSync(fd)
  }
}

/** Opens a file. Creates its folder durably if that is missing. */
export function openInFolder(calls: FileCalls, path: string, flags: string, mode?: number): number {
  try {
    return calls.openSync(path, flags, mode)
  } catch (error) {
    if (!isMissing(error)) throw error
    makeFolder(calls, dirname(path))
    return calls.openSync(path, flags, mode)
  }
}

/**
 * Creates a folder and its missing parents durably. It does not use the option `recursive` of `mkdirSync`, which never
 * returns below `/proc` (Node 20).
 */
export function makeFolder(calls: FileCalls, path: string, isLastTry = false): void {
  const parent = dirname(path)
  try {
    calls.mkdirSync(path)
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return
    if (!isMissing(error) || isLastTry) throw error
    makeFolder(calls, parent)
    makeFolder(calls, path, true)
    return
  }
  syncFolderNow(calls, parent)
}
