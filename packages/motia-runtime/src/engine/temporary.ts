/** The shortest and the longest delay of a message that cannot be handled now, in ms. */
const SHORTEST_WAIT_MS = 2_000
const LONGEST_WAIT_MS = 30_000

/**
 * Returns whether a handler failed only because something it needs, such as a store, is unavailable now: its error has
 * `isTemporary: true`. Such an attempt does not count.
 */
export const isTemporary = (error: unknown): boolean =>
  error instanceof Error && 'isTemporary' in error && error.isTemporary === true

/** Returns how long a message waits that cannot be handled now, in ms: a quarter of its age, from 2 s to 30 s. */
export const temporaryWait = (addedAt: number, now = Date.now()): number =>
  Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, (now - addedAt) / 4))
