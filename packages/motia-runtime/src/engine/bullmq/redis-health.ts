import { EventEmitter } from 'node:events'
import type { Redis } from 'ioredis'
import { within } from '../../within'

/** How long a question to Redis may take, in ms. */
const ASK_TIMEOUT_MS = 5_000

const AWAY = 'Redis does not respond: jobs wait until it is back'

/**
 * Knows whether the queues work: whether Redis responds, and which queues it refuses jobs for, because its memory is full or
 * a key has the wrong type. It says once when something stops working and once when it works again, and emits `recovered`.
 */
export class RedisHealth extends EventEmitter<{ recovered: [] }> {
  readonly #redis: Redis
  /** By the name of the queue: why Redis refused the last job. */
  readonly #refusals = new Map<string, string>()
  /** Redis is connected and does not reply. */
  #isSilent = false
  #wasUp = true
  #isClosing = false

  /** Watches a connection that was ready once. */
  constructor(redis: Redis) {
    super()
    // Every event that waits for Redis listens.
    this.setMaxListeners(0)
    this.#redis = redis
    redis.on('ready', () => this.#setSilent(false))
    redis.on('close', () => this.#setSilent(false))
  }

  /** Whether Redis is connected and replies. */
  get isUp(): boolean {
    return this.#redis.status === 'ready' && !this.#isSilent
  }

  /** Null while all works; otherwise what does not, in words. */
  problem(): string | null {
    if (!this.isUp) return AWAY
    for (const [queue, reason] of this.#refusals) return `Redis refuses jobs for the queue ${queue}: ${reason}`
    return null
  }

  /** Returns what `ask` resolves to; rejects at once while Redis is away, and after 5 s without a reply. */
  async ask<T>(ask: () => Promise<T>): Promise<T> {
    if (!this.isUp) throw new Error(AWAY)
    return within(ask(), ASK_TIMEOUT_MS, () => new Error(AWAY))
  }

  /** Notes that a reply is overdue. Redis counts as away until it has replied to what it is asked now. */
  noteOverdue(): void {
    if (!this.isUp) return
    this.#setSilent(true)
    this.#redis.ping().then(
      () => this.#setSilent(false),
      () => {},
    )
  }

  /** Notes that Redis refused a job for a queue. */
  noteRefusal(queue: string, reason: string): void {
    const isNew = !this.#isRefused(reason)
    this.#refusals.set(queue, reason)
    if (isNew && !this.#isClosing)
      console.warn(`Redis refuses jobs for the queue ${queue}, which are sent again: ${reason}`)
  }

  /** Notes that Redis took a job for a queue. */
  noteTaken(queue: string): void {
    const reason = this.#refusals.get(queue)
    if (reason === undefined) return
    this.#refusals.delete(queue)
    if (this.#isRefused(reason)) return
    console.info(`Redis takes jobs for the queue ${queue} again`)
    this.emit('recovered')
  }

  /** From now on it says no more of what stops working. */
  beginToClose(): void {
    this.#isClosing = true
  }

  /** Whether a queue is refused for that reason: what concerns all queues is said once. */
  #isRefused(reason: string): boolean {
    return [...this.#refusals.values()].includes(reason)
  }

  #setSilent(isSilent: boolean): void {
    this.#isSilent = isSilent
    const { isUp } = this
    if (isUp === this.#wasUp) return
    this.#wasUp = isUp
    if (this.#isClosing) return
    if (!isUp) {
      console.warn(AWAY)
      return
    }
    console.info('Redis is back')
    this.emit('recovered')
  }
}
