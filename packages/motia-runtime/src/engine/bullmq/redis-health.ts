import { EventEmitter } from 'node:events'
import type { Redis } from 'ioredis'
import { within } from '../../within'

/** How long Redis may take to reply, in ms. */
const ASK_TIMEOUT_MS = 5_000

const AWAY = 'Redis does not respond: jobs wait until it is back'

/**
 * Tracks whether Redis responds, and for which queues it refuses jobs, because its memory is full or a key has the
 * wrong type. Logs one line when something stops working, with the reason that Redis gives, and one when it works
 * again, and emits `recovered`.
 */
export class RedisHealth extends EventEmitter<{ recovered: [] }> {
  /** Why Redis refused the last job, by the name of the queue. */
  readonly #refusals = new Map<string, string>()
  /** Why Redis refused the last connection, such as `WRONGPASS …` after somebody has changed the password. */
  #connectionRefusal: string | undefined
  /** Whether Redis is connected but does not reply. */
  #isSilent = false
  #wasUp = true
  #isClosing = false

  /** Watches a connection that has been ready. */
  constructor(private readonly redis: Redis) {
    super()
    // Every event that waits for Redis adds a listener.
    this.setMaxListeners(0)
    redis.on('error', (error) => this.#noteError(error))
    redis.on('ready', () => this.#setSilent(false))
    redis.on('close', () => this.#setSilent(false))
  }

  /** Whether Redis is connected and replies. */
  get isUp(): boolean {
    return this.redis.status === 'ready' && !this.#isSilent
  }

  /** Returns a text that says what does not work; null if everything works. */
  problem(): string | null {
    if (!this.isUp) return AWAY
    for (const [queue, reason] of this.#refusals) return `Redis refuses jobs for the queue ${queue}: ${reason}`
    return null
  }

  /** Returns the result of `ask`. Rejects at once while Redis is down, and after 5 s without a reply. */
  async ask<T>(ask: () => Promise<T>): Promise<T> {
    if (!this.isUp) throw new Error(AWAY)
    return within(ask(), ASK_TIMEOUT_MS, () => new Error(AWAY))
  }

  /** Records that a reply is overdue. Redis counts as down until it replies to a ping. */
  noteOverdue(): void {
    if (!this.isUp) return
    this.#setSilent(true)
    this.redis.ping().then(
      () => this.#setSilent(false),
      () => {},
    )
  }

  /** Records that Redis refused a job for a queue. */
  noteRefusal(queue: string, reason: string): void {
    const isNew = !this.#isRefused(reason)
    this.#refusals.set(queue, reason)
    if (isNew && !this.#isClosing)
      console.warn(`Redis refuses jobs for the queue ${queue}, which will be sent again: ${reason}`)
  }

  /** Records that Redis accepted a job for a queue. */
  noteTaken(queue: string): void {
    const reason = this.#refusals.get(queue)
    if (reason === undefined) return
    this.#refusals.delete(queue)
    if (this.#isRefused(reason)) return
    console.info(`Redis accepts jobs for the queue ${queue} again`)
    this.emit('recovered')
  }

  /** Logs no further problems from now on. */
  beginToClose(): void {
    this.#isClosing = true
  }

  /** Returns whether any queue is refused for that reason: a problem of all queues is logged once. */
  #isRefused(reason: string): boolean {
    return [...this.#refusals.values()].includes(reason)
  }

  /** Logs why Redis refuses connections, once. Other errors only say that Redis is away. */
  #noteError({ name, message }: Error): void {
    if (name !== 'ReplyError' || message === this.#connectionRefusal || this.#isClosing) return
    this.#connectionRefusal = message
    console.warn(`Redis refuses the connection: ${message}`)
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
    this.#connectionRefusal = undefined
    console.info('Redis is back')
    this.emit('recovered')
  }
}
