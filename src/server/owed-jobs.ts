import type { BullMqEvents } from '../runtime/bullmq-events'
import type { StepModules } from '../runtime/step-modules'
import { newTraceId } from '../runtime/trace-id'
import { PETS_MODULE } from './health'

/** How often the pets are looked through, in ms. */
const SWEEP_INTERVAL_MS = 30_000

/** How long after a start, or the return of Redis, the queue is given to bring the jobs that it still has, in ms. */
const SETTLE_MS = 5_000

/** A job queued longer ago than this is overdue, in ms. */
const OVERDUE_MS = 30_000

/** How long a job that was queued again is left alone, in ms: it may wait behind many others. */
const PATIENCE_MS = 10 * 60_000

/** Whether a time is at least so many ms away from now: behind, or ahead because the clock was put back since. */
const isPast = (time: number, ms: number, now: number): boolean => Math.abs(now - time) >= ms

/**
 * Finds the pets whose job was lost, because the server was killed between the write and the queue or because the queue's
 * Redis lost it, and queues each job again in its own namespace. What a pet is owed is written with the pet, so nothing
 * else need be kept; a job that runs twice does no harm.
 */
export class OwedJobs {
  readonly #modules: StepModules
  readonly #events: BullMqEvents
  readonly #queued = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #startedAt = Date.now()

  constructor(modules: StepModules, events: BullMqEvents) {
    this.#modules = modules
    this.#events = events
  }

  /** Sweeps soon, and from then on at intervals. To be called again when Redis is back. */
  start(): void {
    this.#startedAt = Date.now()
    this.#queued.clear()
    this.#sweepIn(SETTLE_MS)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #sweepIn(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(async () => {
      // A store or a Redis that does not answer now has said so elsewhere; the next sweep tries again.
      await this.sweep().catch(() => {})
      this.#sweepIn(SWEEP_INTERVAL_MS)
    }, ms).unref()
  }

  /** Queues every overdue job again; answers how many. */
  async sweep(now: number = Date.now()): Promise<number> {
    const { pets } = this.#modules.module<typeof import('../pets/pets')>(PETS_MODULE)
    let count = 0
    for (const { petId, enqueuedAt, topic } of await pets.owedJobs()) {
      const isOverdue = enqueuedAt < this.#startedAt || isPast(enqueuedAt, OVERDUE_MS, now)
      const key = `${petId} ${enqueuedAt}`
      const queuedAt = this.#queued.get(key)
      if (!isOverdue || (queuedAt !== undefined && !isPast(queuedAt, PATIENCE_MS, now))) continue
      const event = { topic, data: { petId, enqueuedAt }, traceId: newTraceId(), flows: ['pets'] }
      // The other servers on the same store find the same.
      await this.#events.emitOnce(event, `owed-${petId}-${enqueuedAt}`)
      this.#queued.set(key, now)
      count += 1
    }
    for (const [key, at] of this.#queued) if (isPast(at, PATIENCE_MS, now)) this.#queued.delete(key)
    if (count > 0) console.info(`${count} jobs that were lost are queued again`)
    return count
  }
}
