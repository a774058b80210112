// The kernel stamps files by a clock that ticks every 1 to 10 ms: two edits within one tick carry the same times.
const CLOCK_TICK_MS = 20

/** What a file's stat says about its content: if two of them differ, the content may. */
export interface FileStamp {
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

/** The stamp of a missing file. */
export const NO_FILE: FileStamp = { ino: 0n, size: 0n, mtimeNs: 0n, ctimeNs: 0n }

/** Whether two stamps are of the same content, as far as stamps can tell. */
export function sameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.size === b.size && a.ino === b.ino
}

/** The version of a file's content: the same for a copy that keeps the time of its last change. Null for a missing file. */
export function versionOf({ ino, size, mtimeNs }: FileStamp): string | null {
  return ino === NO_FILE.ino ? null : `${size}-${mtimeNs}`
}

/**
 * Whether any edit made after `readAt` (epoch ms) is bound to change the stamp. An edit in place sets mtime and ctime to the
 * current tick, both alike: it cannot bring about a stamp in which the two differ, nor one of an earlier tick.
 */
export function isSettled(stamp: FileStamp, readAt: number): boolean {
  return stamp.mtimeNs !== stamp.ctimeNs || Math.abs(readAt - Number(stamp.ctimeNs / 1_000_000n)) > CLOCK_TICK_MS
}
