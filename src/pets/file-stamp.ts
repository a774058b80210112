import type { BigIntStats } from 'node:fs'

// The kernel stamps files by a clock that ticks every 1 to 10 ms: two edits within one tick carry the same times.
const CLOCK_TICK_MS = 20

/** What a file's stat says about its content: different stamps mean that it may have changed. */
export interface FileStamp {
  ino: bigint
  size: bigint
  mtimeNs: bigint
  ctimeNs: bigint
}

/** The stamp of a missing file. */
export const NO_FILE: FileStamp = { ino: 0n, size: 0n, mtimeNs: 0n, ctimeNs: 0n }

/** The stamp in a file's stat; `undefined` is a missing file. */
export function stampOf(stats: BigIntStats | undefined): FileStamp {
  return stats ?? NO_FILE
}

/** Whether two stamps are of the same content, as far as stamps can tell. */
export function sameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.size === b.size && a.ino === b.ino
}

/**
 * Whether any edit made after `readAt` (epoch ms) is bound to change the stamp. An edit in place sets mtime and ctime to the
 * current tick, both alike: it cannot bring about a stamp in which they differ, nor one of an earlier tick.
 */
export function isSettled(stamp: FileStamp, readAt: number): boolean {
  return stamp.mtimeNs !== stamp.ctimeNs || Math.abs(readAt - Number(stamp.ctimeNs / 1_000_000n)) > CLOCK_TICK_MS
}
