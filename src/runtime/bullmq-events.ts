import { randomUUID } from 'node:crypto'
import { type Job, Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Event, EventAdapter, QueueConfig, SubscriptionHandle } from 'motia'

/** One prefix for `dev` and `start`: Motia's two let plugin-bullmq find names in a shared Redis that crash it. */
export const QUEUE_PREFIX = 'pets'

/** Where a job goes that failed for good: `<topic>.<Step>.dlq`. */
export const DLQ_SUFFIX = '.dlq'

/** Motia's defaults (`adapter-bullmq-events`): attempts, the wait between them in ms, and how many old jobs are kept. */
const DEFAULT_RETRIES = 3
const BACKOFF_MS = 2_000
const KEEP_COMPLETED = 1_000
const KEEP_FAILED = 5_000
const DEFAULT_CONCURRENCY = 10

/** How often a worker looks for jobs whose process died, in ms. */
const STALLED_INTERVAL_MS = 5_000

/** How many events may wait in this process for a Redis that is away. */
const MAX_WAITING = 100_000

type Handler = (event: Event<unknown>) => void | Promise<void>
type JobData = Pick<Event<unknown>, 'topic' | 'data' | 'traceId' | 'flows'>

interface Subscription {
  handle: SubscriptionHandle
  stepName: string
  queue: Queue
  worker: Worker
  retries: number
  delayMs: number
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
  readonly #route: (stepName: string, handler: Handler) => Handler
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #deadLetters = new Map<string, Queue>()
  readonly #onBack: () => void
  #waiting = 0
  #isAway = false
  #isClosed = false

  /**
   * `connection` must have `maxRetriesPerRequest: null`, so that what it is given while Redis is away goes out later.
   * `route` chooses who handles a step's events, given Motia's own handler, which spawns a process. `onBack` is called when
   * Redis is back after it was away.
   */
  constructor(
    connection: Redis,
    route: (stepName: string, handler: Handler) => Handler = (_, handler) => handler,
    onBack: () => void = () => {},
  ) {
    this.#connection = connection
    this.#route = route
    this.#onBack = onBack
    connection.on('ready', () => this.#say(false))
    connection.on('close', () => this.#say(true))
    // Every failed attempt to connect is an error event; `close` has said what there is to say.
    connection.on('error', () => {})
  }

  /** Whether Redis can be reached. */
  get isConnected(): boolean {
    return this.#connection.status === 'ready'
  }

  /**
   * Queues the event for each subscriber of its topic. While Redis is away it resolves at once, and the event goes out when
   * Redis is back: a request must not wait for that.
   */
  async emit<TData>(event: Event<TData>): Promise<void> {
    const added = this.#add(event)
    if (added.length === 0) return
    const all = Promise.all(added)
    const lost = new AbortController()
    const connectionLost = new Promise<void>((resolve) => {
      if (!this.isConnected) resolve()
      else this.#connection.once('close', resolve)
      lost.signal.addEventListener('abort', () => this.#connection.off('close', resolve))
    })
    await Promise.race([all, connectionLost])
    lost.abort()
    all.catch((error) => console.error(`Event ${event.topic} was lost:`, error))
  }

  /** Queues the event for each subscriber, and rejects with an `EmitError` unless it is queued within 5 s. */
  async emitSafely<TData>(event: Event<TData>): Promise<void> {
    if (!this.isConnected) throw new EmitError(`Event ${event.topic} was not sent: Redis is away`)
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
    const worker = this.#work(queueName, this.#route(stepName, handler as Handler), retries + 1, options)
    const queue = new Queue(queueName, { connection: this.#connection, prefix: QUEUE_PREFIX })
    queue.on('error', () => {})
    const delayMs = (options?.delaySeconds ?? 0) * 1_000
    this.#subscriptions.set(id, { handle, stepName, queue, worker, retries, delayMs })
    return handle
  }

  async unsubscribe({ id }: SubscriptionHandle): Promise<void> {
    const subscription = this.#subscriptions.get(id)
    if (!subscription) return
    this.#subscriptions.delete(id)
    await subscription.worker.close()
    await subscription.queue.close()
  }

  /** Lets running jobs end, then closes the workers and queues. The connection stays its owner's. */
  async shutdown(): Promise<void> {
    this.#isClosed = true
    const subscriptions = [...this.#subscriptions.values()]
    this.#subscriptions.clear()
    await Promise.allSettled(subscriptions.map(({ worker }) => worker.close()))
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

  #add<TData>({ topic, data, traceId, flows }: Event<TData>): Promise<void>[] {
    const job: JobData = { topic, data, traceId, flows }
    return this.#subscribersOf(topic).map(async ({ queue, retries, delayMs }) => {
      if (this.#waiting >= MAX_WAITING) throw new EmitError(`Event ${topic} was dropped: too many wait for Redis`)
      this.#waiting += 1
      try {
        await queue.add(topic, job, {
          attempts: retries + 1,
          backoff: { type: 'fixed', delay: BACKOFF_MS },
          delay: delayMs,
          removeOnComplete: { count: KEEP_COMPLETED },
          removeOnFail: { count: KEEP_FAILED },
        })
      } finally {
        this.#waiting -= 1
      }
    })
  }

  #work(queueName: string, handler: Handler, attempts: number, options: QueueConfig | undefined): Worker {
    const concurrency =
      options?.type === 'fifo' ? 1 : (options && 'concurrency' in options && options.concurrency) || DEFAULT_CONCURRENCY
    const worker = new Worker<JobData>(queueName, async (job) => handler(job.data), {
      connection: this.#connection,
      prefix: QUEUE_PREFIX,
      concurrency,
      stalledInterval: STALLED_INTERVAL_MS,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      ...(options?.visibilityTimeout ? { lockDuration: options.visibilityTimeout * 1_000 } : {}),
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
      queue = new Queue(name, { connection: this.#connection, prefix: QUEUE_PREFIX })
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

  #say(isAway: boolean): void {
    if (isAway === this.#isAway || this.#isClosed) return
    this.#isAway = isAway
    if (isAway) {
      console.warn('Redis is away: requests go on, jobs wait until it is back')
    } else {
      console.info('Redis is back')
      this.#onBack()
    }
  }
}
