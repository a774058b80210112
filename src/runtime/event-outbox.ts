import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { within } from './within'

/** How many events may wait in this process for a Redis that is away. */
const MAX_WAITING = 100_000

/** How long a request waits until Redis has taken its event, in ms: one that hangs must not hold requests up. */
const PATIENCE_MS = 1_000

/** How long a step that can be run again waits for the same, in ms. */
const SAFE_PATIENCE_MS = 5_000

/** How long until an event is tried again that Redis refused, because its disk is full or it is read-only, in ms. */
const REFUSED_INTERVAL_MS = 1_000

/** How long a shutdown waits for Redis to take the last events, in ms. */
const LAST_EVENTS_MS = 2_000

/** Gives one event to one queue; rejects where Redis refuses it. While Redis is away it waits in the connection. */
export type Add = () => Promise<unknown>

/** An event that could not be queued in time. */
export class EmitError extends Error {
  override readonly name = 'EmitError'
}

/**
 * Events on their way into Redis, which keeps requests going while Redis is away, hangs or refuses: they wait here, in their
 * order and bounded, and go out when that is over. It says once that Redis is away, and once that it is back.
 */
export class EventOutbox {
  readonly #connection: Redis
  readonly #onBack: () => void
  readonly #pending = new Set<Promise<unknown>>()
  /** Requests that wait for that, and are let go when Redis turns out to be away. */
  readonly #waiters = new Set<() => void>()
  /** Events that Redis refused, to be tried again in their order. */
  readonly #refused = new Set<{ add: Add; resolve: () => void }>()
  /** Redis is connected and yet does not answer, or refuses. */
  #isStuck = false
  #dropped = 0
  #isAway = false
  #isClosing = false
  #isClosed = false

  /** `onBack` is called when Redis is back after it was away. */
  constructor(connection: Redis, onBack: () => void) {
    this.#connection = connection
    this.#onBack = onBack
    connection.on('ready', () => this.#noteState())
    connection.on('close', () => {
      this.#isStuck = false
      this.#noteState()
    })
    // Every failed attempt to connect is an error event; `close` has said what there is to say.
    connection.on('error', () => {})
  }

  /** Whether Redis can be reached, answers, and takes what it is given. */
  get isConnected(): boolean {
    return this.#connection.status === 'ready' && !this.#isStuck
  }

  /**
   * Sends an event to its queues. Where Redis is away, hangs or refuses, it resolves all the same: what a request has stored
   * is stored, and its answer must not wait.
   */
  async send(topic: string, adds: Add[]): Promise<void> {
    const queued = Promise.all(adds.map((add) => this.#note(() => this.#retryUntilTaken(add))))
    queued.catch((error) => this.#drop(topic, error))
    if (!this.isConnected) return
    await new Promise<void>((resolve) => {
      // A reply that waits behind a busy event loop comes before the immediate does.
      const giveUp = () => setImmediate(() => this.#waiters.has(done) && this.#setStuck(true))
      const timer = setTimeout(giveUp, PATIENCE_MS)
      const done = () => {
        clearTimeout(timer)
        this.#waiters.delete(done)
        resolve()
      }
      this.#waiters.add(done)
      queued.then(done, done)
    })
  }

  /** Sends an event to its queues, and rejects unless they have it within 5 s. */
  async sendSafely(topic: string, adds: Add[]): Promise<void> {
    if (!this.isConnected) throw new EmitError(`Event ${topic} was not sent: Redis does not take it now`)
    const sent = Promise.all(adds.map((add) => this.#note(add)))
    const seconds = SAFE_PATIENCE_MS / 1_000
    await within(sent, SAFE_PATIENCE_MS, () => new EmitError(`Event ${topic} was not queued within ${seconds} s`))
  }

  /** Says no more of a Redis that comes or goes. */
  beginToClose(): void {
    this.#isClosing = true
  }

  /** Waits a little for the last events to go out. */
  async close(): Promise<void> {
    if (this.#pending.size > 0) await Promise.race([Promise.allSettled(this.#pending), sleep(LAST_EVENTS_MS)])
    this.#refused.clear()
    if (this.#pending.size > 0) console.warn(`${this.#pending.size} events were not queued: Redis is away`)
    this.#isClosed = true
  }

  async #note(add: Add): Promise<void> {
    if (this.#pending.size >= MAX_WAITING) throw new EmitError('too many wait for Redis')
    const added = add()
    this.#pending.add(added)
    try {
      await added
      this.#setStuck(false)
    } finally {
      this.#pending.delete(added)
    }
  }

  /** Resolves once Redis has taken it, however often it refuses; rejects with errors that are not Redis's. */
  async #retryUntilTaken(add: Add): Promise<unknown> {
    try {
      return await add()
    } catch (error) {
      if (!isRefusal(error)) throw error
      this.#setStuck(true, error.message)
      return new Promise<void>((resolve) => {
        this.#refused.add({ add, resolve })
        if (this.#refused.size === 1) void this.#offerRefused()
      })
    }
  }

  async #offerRefused(): Promise<void> {
    while (this.#refused.size > 0) {
      await sleep(REFUSED_INTERVAL_MS, undefined, { ref: false })
      try {
        for (const entry of this.#refused) {
          await entry.add()
          this.#refused.delete(entry)
          entry.resolve()
        }
      } catch {
        // Still refused: the rest keeps its place.
      }
    }
  }

  #drop(topic: string, error: unknown): void {
    // The end of the connection rejects what waits for Redis: the close has said how many events that are.
    if (this.#isClosed) return
    this.#dropped += 1
    if (this.#dropped === 1) console.error(`Event ${topic} was dropped, others may follow:`, error)
  }

  #setStuck(isStuck: boolean, reason?: string): void {
    if (isStuck === this.#isStuck) return
    this.#isStuck = isStuck
    this.#noteState(reason)
  }

  /** Says once that Redis went away or came back, and acts on it. */
  #noteState(reason = 'it cannot be reached or does not answer'): void {
    const isAway = !this.isConnected
    if (isAway) for (const letGo of this.#waiters) letGo()
    if (isAway === this.#isAway || this.#isClosing) return
    this.#isAway = isAway
    if (isAway) {
      console.warn(`Redis is away: requests go on, jobs wait until it is back (${reason})`)
      return
    }
    console.info('Redis is back')
    if (this.#dropped > 0) console.warn(`${this.#dropped} events were dropped meanwhile`)
    this.#dropped = 0
    this.#onBack()
  }
}

/** An error that Redis itself answered with. */
const isRefusal = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError'
