/** The shortest and the longest wait of a message that cannot be handled now, in ms. */
const SHORTEST_WAIT_MS = 2_000
const LONGEST_WAIT_MS = 30_000

/**
 * Whether a handler failed only because something that it needs is not available now, such as a store: its error has a
 * property `isTemporary` that is true. The attempt does not count then.
 */
export const isTemporary = (error: unknown): boolean =>
  error instanceof Error && 'isTemporary' in error && error.isTemporary === true

/** Returns how long a message waits that cannot be handled now, in ms: a quarter of its age, from 2 s to 30 s. */
export const temporaryWait = (addedAt: number, now = Date.now()): number =>
  Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, (now - addedAt) / 4))
