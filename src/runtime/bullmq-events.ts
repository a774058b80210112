import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Job, Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Event, EventAdapter, QueueConfig, SubscriptionHandle } from 'motia'

/** Where a job goes that failed for good: `<topic>.<Step>.dlq`. */
export const DLQ_SUFFIX = '.dlq'

/** Motia's defaults (`adapter-bullmq-events`): attempts, the wait between them in ms, and how many old jobs are kept. */
const DEFAULT_RETRIES = 3
const BACKOFF_MS = 2_000
const KEEP_COMPLETED = 1_000
const KEEP_FAILED = 5_000
const DEFAULT_CONCURRENCY = 10

/** How often a worker looks for jobs whose process died, in ms. */
const STALLED_INTERVAL_MS = 2_000

/**
 * How long a job belongs to a process that no longer renews its claim, in ms, however long the job itself may take: a living
 * process renews it every half of that. A process that is kept busy for longer loses the job to another, which does it again.
 */
const LOCK_DURATION_MS = 6_000

/** How many events may wait in this process for a Redis that is away. */
const MAX_WAITING = 100_000

/** How long a request waits until Redis has taken its event, in ms: one that hangs must not hold requests up. */
const EMIT_PATIENCE_MS = 1_000

/** How long until an event is tried again that Redis refused, because its disk is full or it is read-only, in ms. */
const REFUSED_INTERVAL_MS = 1_000

/** How long a shutdown waits for Redis to take the last events, in ms. */
const LAST_EVENTS_MS = 2_000

/** Handles the events of a step. */
export type EventHandler = (event: Event<unknown>) => void | Promise<void>
type JobData = Pick<Event<unknown>, 'topic' | 'data' | 'traceId' | 'flows'>

interface Subscription {
  handle: SubscriptionHandle
  stepName: string
  queue: Queue
  worker: Worker
  retries: number
  delayMs: number
}

/** What the adapter needs. */
export interface BullMqEventsOptions {
  /** Must have `maxRetriesPerRequest: null`, so that what it is given while Redis is away goes out later. */
  connection: Redis
  /** One for `dev` and `start`: Motia's two let plugin-bullmq find names in a shared Redis that crash it. */
  prefix: string
  /** Chooses who handles a step's events, given Motia's own handler, which spawns a process. */
  route?: (stepName: string, handler: EventHandler) => EventHandler
  /** Is called when Redis is back after it was away. */
  onBack?: () => void
}

/** An event that could not be queued in time. */
export class EmitError extends Error {
  override readonly name = 'EmitError'
}

/**
 * Motia's event adapter on BullMQ, with Motia's queue names, attempts and dead-letter queues. Unlike
 * `BullMQEventAdapter` it keeps requests going while Redis is away, says so once instead of at every attempt to connect,
 * takes over the jobs of a process that died within seconds, and never gives a job up because its process died often.
 */
export class BullMqEvents implements EventAdapter {
  readonly #connection: Redis
  readonly #prefix: string
  readonly #route: (stepName: string, handler: EventHandler) => EventHandler
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #deadLetters = new Map<string, Queue>()
  readonly #onBack: () => void
  /** Events on their way into Redis. */
  readonly #pending = new Set<Promise<unknown>>()
  /** Requests that wait for that, and are let go when Redis turns out to be away. */
  readonly #waiters = new Set<() => void>()
  /** Events that Redis refused, to be tried again in their order. */
  readonly #refused = new Set<{ add: () => Promise<unknown>; resolve: () => void }>()
  /** Redis is connected and yet does not answer, or refuses. */
  #isStuck = false
  #dropped = 0
  #isAway = false
  #isClosed = false
  #hasEnded = false

  constructor({ connection, prefix, route = (_, handler) => handler, onBack = () => {} }: BullMqEventsOptions) {
    this.#connection = connection
    this.#prefix = prefix
    this.#route = route
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
   * Queues the event for each subscriber of its topic. Where Redis is away, hangs or refuses, it resolves all the same, and
   * the event goes out when that is over: what a request has stored is stored, and its answer must not wait.
   */
  async emit<TData>(event: Event<TData>): Promise<void> {
    const queued = Promise.all(this.#add(event, (add) => this.#retryUntilTaken(add)))
    queued.catch((error) => this.#drop(event.topic, error))
    if (!this.isConnected) return
    await new Promise<void>((resolve) => {
      // A reply that waits behind a busy event loop comes before the immediate does.
      const giveUp = () => setImmediate(() => this.#waiters.has(done) && this.#setStuck(true))
      const timer = setTimeout(giveUp, EMIT_PATIENCE_MS)
      const done = () => {
        clearTimeout(timer)
        this.#waiters.delete(done)
        resolve()
      }
      this.#waiters.add(done)
      queued.then(done, done)
    })
  }

  /** Queues the event for each subscriber, and rejects unless it is queued within 5 s. */
  async emitSafely<TData>(event: Event<TData>): Promise<void> {
    if (!this.isConnected) throw new EmitError(`Event ${event.topic} was not sent: Redis does not take it now`)
    const tooLate = AbortSignal.timeout(5_000)
    const late = new Promise<never>((_, reject) => {
      tooLate.onabort = () => reject(new EmitError(`Event ${event.topic} was not queued within 5 s`))
    })
    await Promise.race([Promise.all(this.#add(event)), late])
    tooLate.onabort = null
  }

  /** Lets a worker of this process hand the events of a topic to a step. */
  async subscribe<TData>(
    topic: string,
    stepName: string,
    handler: (event: Event<TData>) => void | Promise<void>,
    options?: QueueConfig,
  ): Promise<SubscriptionHandle> {
    const id = randomUUID()
    const handle = { topic, id, unsubscribe: () => this.unsubscribe(handle) }
    const retries = options?.maxRetries ?? DEFAULT_RETRIES
    const queueName = `${topic}.${stepName}`
    // What comes out of the queue is what `emit` put in: Motia types neither, and the step checks its input itself.
    const worker = this.#work(queueName, this.#route(stepName, handler as EventHandler), retries + 1, options)
    const queue = new Queue(queueName, { connection: this.#connection, prefix: this.#prefix })
    queue.on('error', () => {})
    const delayMs = (options?.delaySeconds ?? 0) * 1_000
    this.#subscriptions.set(id, { handle, stepName, queue, worker, retries, delayMs })
    return handle
  }

  async unsubscribe({ id }: SubscriptionHandle): Promise<void> {
    const subscription = this.#subscriptions.get(id)
    if (!subscription) return
    this.#subscriptions.delete(id)
    await closeWorker(subscription.worker)
    await subscription.queue.close()
  }

  /** Lets running jobs end, then closes the workers and queues. The connection stays its owner's. */
  async shutdown(): Promise<void> {
    this.#isClosed = true
    const subscriptions = [...this.#subscriptions.values()]
    const closed = Promise.allSettled(subscriptions.map(({ worker }) => closeWorker(worker)))
    // A worker that waits for Redis to come back does not close before that.
    await (this.isConnected ? closed : Promise.race([closed, sleep(LAST_EVENTS_MS)]))
    // Only now: the jobs that were running still had events to send.
    this.#subscriptions.clear()
    if (this.#pending.size > 0) await Promise.race([Promise.allSettled(this.#pending), sleep(LAST_EVENTS_MS)])
    this.#refused.clear()
    if (this.#pending.size > 0) console.warn(`${this.#pending.size} events were not queued: Redis is away`)
    this.#hasEnded = true
    const queues = [...subscriptions.map(({ queue }) => queue), ...this.#deadLetters.values()]
    await Promise.allSettled(queues.map((queue) => queue.close()))
  }

  async getSubscriptionCount(topic: string): Promise<number> {
    return this.#subscribersOf(topic).length
  }

  async listTopics(): Promise<string[]> {
    return [...new Set([...this.#subscriptions.values()].map(({ handle }) => handle.topic))]
  }

  #subscribersOf(topic: string): Subscription[] {
    return [...this.#subscriptions.values()].filter(({ handle }) => handle.topic === topic)
  }

  #add<TData>(
    { topic, data, traceId, flows }: Event<TData>,
    persist: (add: () => Promise<unknown>) => Promise<unknown> = (add) => add(),
  ): Promise<unknown>[] {
    const job: JobData = { topic, data, traceId, flows }
    return this.#subscribersOf(topic).map(async ({ queue, retries, delayMs }) => {
      if (this.#pending.size >= MAX_WAITING) throw new EmitError('too many wait for Redis')
      const added = persist(() =>
        queue.add(topic, job, {
          attempts: retries + 1,
          backoff: { type: 'fixed', delay: BACKOFF_MS },
          delay: delayMs,
          removeOnComplete: { count: KEEP_COMPLETED },
          removeOnFail: { count: KEEP_FAILED },
        }),
      )
      this.#pending.add(added)
      try {
        await added
        this.#setStuck(false)
      } finally {
        this.#pending.delete(added)
      }
    })
  }

  /** Resolves once Redis has taken it, however often it refuses; rejects with errors that are not Redis's. */
  async #retryUntilTaken(add: () => Promise<unknown>): Promise<unknown> {
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
    // The end of the connection rejects what waits for Redis: the shutdown has said how many events that are.
    if (this.#hasEnded) return
    this.#dropped += 1
    if (this.#dropped === 1) console.error(`Event ${topic} was dropped, others may follow:`, error)
  }

  #work(queueName: string, handler: EventHandler, attempts: number, options: QueueConfig | undefined): Worker {
    const concurrency =
      options?.type === 'fifo' ? 1 : (options && 'concurrency' in options && options.concurrency) || DEFAULT_CONCURRENCY
    const worker = new Worker<JobData>(queueName, async (job) => handler(job.data), {
      connection: this.#connection,
      prefix: this.#prefix,
      concurrency,
      stalledInterval: STALLED_INTERVAL_MS,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      lockDuration: Math.min(LOCK_DURATION_MS, (options?.visibilityTimeout || Number.POSITIVE_INFINITY) * 1_000),
    })
    worker.on('error', () => {})
    worker.on('failed', (job, error) => {
      if (job && job.attemptsMade >= attempts) {
        this.#bury(queueName, job, error).catch((cause) =>
          console.error(`Job ${job.id} could not be moved to ${queueName}${DLQ_SUFFIX}:`, cause),
        )
      }
    })
    return worker
  }

  /** Puts a job that failed for good into its dead-letter queue, in Motia's form. */
  async #bury(queueName: string, job: Job<JobData>, error: Error): Promise<void> {
    const name = `${queueName}${DLQ_SUFFIX}`
    let queue = this.#deadLetters.get(name)
    if (!queue) {
      queue = new Queue(name, { connection: this.#connection, prefix: this.#prefix })
      queue.on('error', () => {})
      this.#deadLetters.set(name, queue)
    }
    const letter = {
      originalEvent: job.data,
      failureReason: error.message,
      failureTimestamp: Date.now(),
      attemptsMade: job.attemptsMade,
      originalJobId: job.id,
    }
    await queue.add(`${job.data.topic}${DLQ_SUFFIX}`, letter, { jobId: `dlq-${job.id}` })
    console.warn(`Job ${job.id} failed ${job.attemptsMade} times and is in ${name} now: ${error.message}`)
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
    if (isAway === this.#isAway || this.#isClosed) return
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

/** Lets a worker's jobs end. BullMQ leaves a rejection to nobody when a worker closes that is still connecting. */
const closeWorker = async (worker: Worker): Promise<void> => {
  await worker.waitUntilReady().catch(() => {})
  await worker.close()
}

/** An error that Redis itself answered with. */
const isRefusal = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError'
