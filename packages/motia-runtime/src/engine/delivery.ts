import type { QueueConfig } from 'motia'

/** Motia's defaults. */
const DEFAULT_RETRIES = 3
const DEFAULT_CONCURRENCY = 10

/** How long a message waits between two attempts, in ms, as in Motia. */
export const BACKOFF_MS = 2_000

/** The shortest and the longest delay of a message that cannot be handled now, in ms. */
const SHORTEST_WAIT_MS = 2_000
const LONGEST_WAIT_MS = 30_000

/** How a queue delivers its messages. */
export interface DeliveryLimits {
  /** How many messages are handled at once. */
  concurrency: number
  maxAttempts: number
  /** How long a new message waits, in ms. */
  delayMs: number
}

/** Returns the limits in a step's config. `fifo` means one message at a time. */
export const limitsOf = (config: Partial<QueueConfig> = {}): DeliveryLimits => ({
  concurrency: config.type === 'fifo' ? 1 : ('concurrency' in config && config.concurrency) || DEFAULT_CONCURRENCY,
  maxAttempts: (config.maxRetries ?? DEFAULT_RETRIES) + 1,
  delayMs: (config.delaySeconds ?? 0) * 1_000,
})

/**
 * Returns whether a handler failed only because something it needs, such as a store, is unavailable now: its error has
 * `isTemporary: true`. Such an attempt does not count.
 */
export const isTemporary = (error: unknown): boolean =>
  error instanceof Error && 'isTemporary' in error && error.isTemporary === true

/** Logs that a message has no attempts left. */
export const warnOfDeadLetter = (queue: string, attempts: number, reason: string): void => {
  const times = attempts === 1 ? '1 attempt' : `${attempts} attempts`
  console.warn(`Queue ${queue}: an event became a dead letter after ${times}: ${reason}`)
}

/** Returns how long a message that cannot be handled now waits, in ms: a quarter of its age, from 2 s to 30 s. */
export const temporaryWait = (addedAt: number, now = Date.now()): number =>
  Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, (now - addedAt) / 4))
