import type { DeadLetters, QueueCounts, QueuedEvent } from '../engine'

/** The state of a message. A `failed` message has no attempts left and is a dead letter. */
export type JobState = 'waiting' | 'active' | 'delayed' | 'completed' | 'failed'

/** A message as the Queues tab shows it. Times are epoch ms. */
export interface QueueJob {
  id: string
  state: JobState
  event: QueuedEvent
  addedAt: number
  startedAt?: number
  finishedAt?: number
  /** When a delayed message is due. */
  dueAt?: number
  /** How often it was started, and how often it may be. */
  attempts: number
  maxAttempts: number
  /** The message of the last error, if there was one. */
  reason?: string
}

/** A queue as the Queues tab shows it. */
export interface QueueInfo extends QueueCounts {
  isPaused: boolean
}

/**
 * The operations of the Queues tab on the embedded queues. Queues are named `<topic>.<Step>`. Each queue remembers its
 * last 100 completed and 100 failed messages since the start. Methods that change something return false if there is no
 * such queue or message, or if its state does not allow the change.
 */
export interface QueueInspector {
  queues(): QueueInfo[]
  /** Returns the messages of a queue in one state. Those that run next, or ended last, come first. */
  jobs(queue: string, state: JobState): QueueJob[]
  job(queue: string, id: string): QueueJob | null
  /** Starts no messages of that queue until it is resumed or the server restarts. */
  pause(queue: string): boolean
  resume(queue: string): boolean
  /** Removes up to `limit` messages of a state (not `active`) that are older than `graceMs`. Returns their ids. */
  clean(queue: string, state: JobState, graceMs: number, limit: number): string[]
  /** Removes every waiting and delayed message. */
  drain(queue: string): boolean
  /** Queues a failed or completed message again, with all its attempts. */
  retry(queue: string, id: string): boolean
  /** Removes a message that is not active. */
  remove(queue: string, id: string): boolean
  /** Makes a delayed message due now. */
  promote(queue: string, id: string): boolean
  readonly deadLetters: DeadLetters
}
