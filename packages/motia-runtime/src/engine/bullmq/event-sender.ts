import { once } from 'node:events'
import type { QueueConfig } from 'motia'
import { errorMessage } from '../../errors'
import { within } from '../../within'
import { EmitError, type QueuedEvent } from '../engine'
import type { Queues } from './queues'
import type { RedisHealth } from './redis-health'

/** How long an emit waits for Redis, in ms: if an outbox sends the event again, and if not. */
const OWED_PATIENCE_MS = 1_000
const PATIENCE_MS = 5_000

/** A queue that gets the events of a topic. */
export interface Target {
  /** The name of the queue: `<topic>.<Step>`. */
  name: string
  config: QueueConfig | undefined
}

/** Puts events into queues. */
export class EventSender {
  readonly #settledListeners: ((event: QueuedEvent) => void)[] = []

  constructor(
    private readonly queues: Queues,
    private readonly health: RedisHealth,
  ) {}

  onSettled(listener: (event: QueuedEvent) => void): void {
    this.#settledListeners.push(listener)
  }

  /**
   * Sends an event that no outbox sends again. Rejects with an `EmitError` unless all queues confirm it within 5 s. A
   * queue may have the event even then.
   */
  async send(event: QueuedEvent, targets: Target[]): Promise<void> {
    const problem = (text: string) => new EmitError(`Event ${event.topic} was not queued: ${text}`)
    const late = () => problem(`Redis did not respond within ${PATIENCE_MS / 1_000} s`)
    if (!this.health.isUp) {
      // Do not pass it to the connection, which would send the event whenever Redis comes back.
      const signal = AbortSignal.timeout(PATIENCE_MS)
      await once(this.health, 'recovered', { signal }).catch(() => {
        throw late()
      })
    }
    const added = Promise.all(targets.map((target) => this.#add(target, event)))
    await within(added, PATIENCE_MS, late).catch((error) => {
      throw error instanceof EmitError ? error : problem(error.message)
    })
  }

  /**
   * Sends an event of an outbox. The outbox sends it again if Redis is down, refuses it, or does not reply within 1 s.
   */
  async sendOwed(id: string, event: QueuedEvent, targets: Target[]): Promise<void> {
    if (!this.health.isUp) return
    // BullMQ allows no colons in an id, and no id that is a number.
    const jobId = `event-${encodeURIComponent(id)}`
    const added = Promise.allSettled(targets.map((target) => this.#add(target, event, jobId))).then((results) => {
      if (results.some(({ status }) => status === 'rejected')) return
      for (const listener of this.#settledListeners) listener(event)
    })
    if (!(await isDoneWithin(added, OWED_PATIENCE_MS))) this.health.noteOverdue()
  }

  async #add({ name, config }: Target, event: QueuedEvent, jobId?: string): Promise<void> {
    try {
      await this.queues.add(name, event, config, jobId)
      this.health.noteTaken(name)
    } catch (error) {
      this.health.noteRefusal(name, errorMessage(error))
      throw error
    }
  }
}

/** Returns whether the promise resolves within `ms`. The time starts again if this process was stalled meanwhile. */
const isDoneWithin = async (promise: Promise<void>, ms: number): Promise<boolean> => {
  const begunAt = performance.now()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    // A reply that has already arrived is read before the immediate runs.
    timer = setTimeout(() => setImmediate(resolve, false), ms)
  })
  const isDone = await Promise.race([promise.then(() => true), late])
  clearTimeout(timer)
  const wasStalled = performance.now() - begunAt > 1.2 * ms
  return !isDone && wasStalled ? isDoneWithin(promise, ms) : isDone
}
