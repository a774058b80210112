import type { DeadLetters, QueueCounts, QueuedEvent } from '../engine'

/** Where a message is in its queue. `failed`: its attempts are used up, and it is among the dead letters. */
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
 * What the Queues tab sees of the embedded queues and does to them. Queues are named `<topic>.<Step>`. Of the completed
 * and failed messages each queue remembers the last 100 since the start. Methods that change something return false if
 * there is no such queue or message, or it is not in a state that allows the change.
 */
export interface QueueInspector {
  queues(): QueueInfo[]
  /** The messages of a queue in one state: those that run next, or ended last, first. */
  jobs(queue: string, state: JobState): QueueJob[]
  job(queue: string, id: string): QueueJob | null
  /** Starts nothing of that queue until it is resumed, or the server restarts. */
  pause(queue: string): boolean
  resume(queue: string): boolean
  /** Removes up to `limit` messages of a state (not `active`) that are older than `graceMs`; returns their ids. */
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
