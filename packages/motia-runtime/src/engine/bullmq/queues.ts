import { type Job, Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { QueueConfig } from 'motia'
import { BACKOFF_MS, limitsOf } from '../delivery'
import type { QueuedEvent } from '../engine'

/** How many old jobs of a queue are kept, as in Motia (`adapter-bullmq-events`). */
const KEEP_COMPLETED = 1_000
const KEEP_FAILED = 5_000

/** The queues of an engine, by name. A queue is opened on first use. */
export class Queues {
  readonly #opened = new Map<string, Queue>()

  constructor(
    readonly connection: Redis,
    readonly prefix: string,
  ) {}

  get(name: string): Queue {
    const known = this.#opened.get(name)
    if (known) return known
    const queue = new Queue(name, { connection: this.connection, prefix: this.prefix })
    // Commands that fail reject for their callers.
    queue.on('error', () => {})
    this.#opened.set(name, queue)
    return queue
  }

  /** Queues an event as a job, with the attempts of its step. Does nothing if the queue still knows the job's id. */
  async add(name: string, event: QueuedEvent, config?: Partial<QueueConfig>, jobId?: string): Promise<Job> {
    const { maxAttempts, delayMs } = limitsOf(config)
    return this.get(name).add(event.topic, event, {
      ...(jobId !== undefined && { jobId }),
      attempts: maxAttempts,
      backoff: { type: 'fixed', delay: BACKOFF_MS },
      delay: delayMs,
      removeOnComplete: { count: KEEP_COMPLETED },
      removeOnFail: { count: KEEP_FAILED },
    })
  }

  /** Closes the queues; the connection stays open. */
  async close(): Promise<void> {
    await Promise.allSettled(Array.from(this.#opened.values(), (queue) => queue.close()))
  }
}
