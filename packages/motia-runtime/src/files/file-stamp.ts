// The kernel stamps files by a clock that ticks every 1 to 10 ms: two edits within one tick have the same times.
const CLOCK_TICK_MS = 20

/** What a file's stat says about its content: if two stamps differ, the content may differ. */
export interface FileStamp {
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

/** The stamp of a missing file. */
export const NO_FILE: FileStamp = { ino: 0n, size: 0n, mtimeNs: 0n, ctimeNs: 0n }

/** Returns whether two stamps are equal, which usually means the same content. */
export function sameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.size === b.size && a.ino === b.ino
}

/**
 * Returns the version of a file's content; null for a missing file. A copy that keeps the modification time has the
 * same version.
 */
export function versionOf({ ino, size, mtimeNs }: FileStamp): string | null {
  return ino === NO_FILE.ino ? null : `${size}-${mtimeNs}`
}

/**
 * Returns whether any edit after `readAt` (epoch ms) must change the stamp. An edit in place sets both mtime and ctime
 * to the current tick. It cannot produce a stamp in which the two differ, nor one of an earlier tick.
 */
export function isSettled(stamp: FileStamp, readAt: number): boolean {
  return stamp.mtimeNs !== stamp.ctimeNs || Math.abs(readAt - Number(stamp.ctimeNs / 1_000_000n)) > CLOCK_TICK_MS
}
