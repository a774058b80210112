import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Job, type JobsOptions, Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Event, EventAdapter, QueueConfig, SubscriptionHandle } from 'motia'
import { type Add, EventOutbox } from './event-outbox'

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

/** How long a shutdown waits for the workers while Redis is away, in ms: those wait for it to come back. */
const WORKERS_PATIENCE_MS = 2_000

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

/**
 * Motia's event adapter on BullMQ, with Motia's queue names, attempts and dead-letter queues. Unlike
 * `BullMQEventAdapter` it keeps requests going while Redis is away, says so once instead of at every attempt to connect,
 * takes over the jobs of a process that died within seconds, and never gives a job up because its process died often.
 */
export class BullMqEvents implements EventAdapter {
  // By these names plugin-bullmq, the Queues tab, takes them from the adapter.
  readonly connection: Redis
  readonly prefix: string
  readonly dlqSuffix = DLQ_SUFFIX
  readonly #route: (stepName: string, handler: EventHandler) => EventHandler
  readonly #outbox: EventOutbox
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #deadLetters = new Map<string, Queue>()

  constructor({ connection, prefix, route = (_, handler) => handler, onBack = () => {} }: BullMqEventsOptions) {
    this.connection = connection
    this.prefix = prefix
    this.#route = route
    this.#outbox = new EventOutbox(connection, onBack)
  }

  /** Whether Redis can be reached, answers, and takes what it is given. */
  get isConnected(): boolean {
    return this.#outbox.isConnected
  }

  /** Queues the event for each subscriber of its topic; where Redis does not take it now, it goes out later. */
  async emit<TData>(event: Event<TData>): Promise<void> {
    await this.#outbox.send(event.topic, this.#addsOf(event))
  }

  /** Queues the event for each subscriber, and rejects unless it is queued within 5 s. */
  async emitSafely<TData>(event: Event<TData>): Promise<void> {
    await this.#outbox.sendSafely(event.topic, this.#addsOf(event))
  }

  /** As `emitSafely`, unless an event of that id still waits or is worked on; it is forgotten when that is done. */
  async emitOnce<TData>(event: Event<TData>, id: string): Promise<void> {
    const options: JobsOptions = { jobId: id, removeOnComplete: true, removeOnFail: true }
    await this.#outbox.sendSafely(event.topic, this.#addsOf(event, options))
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
    const queue = new Queue(queueName, { connection: this.connection, prefix: this.prefix })
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
    this.#outbox.beginToClose()
    const subscriptions = [...this.#subscriptions.values()]
    const closed = Promise.allSettled(subscriptions.map(({ worker }) => closeWorker(worker)))
    await (this.isConnected ? closed : Promise.race([closed, sleep(WORKERS_PATIENCE_MS)]))
    // Only now: the jobs that were running still had events to send.
    this.#subscriptions.clear()
    await this.#outbox.close()
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

  #addsOf<TData>({ topic, data, traceId, flows }: Event<TData>, options: JobsOptions = {}): Add[] {
    const job: JobData = { topic, data, traceId, flows }
    return this.#subscribersOf(topic).map(({ queue, retries, delayMs }) => () => {
      return queue.add(topic, job, {
        attempts: retries + 1,
        backoff: { type: 'fixed', delay: BACKOFF_MS },
        delay: delayMs,
        removeOnComplete: { count: KEEP_COMPLETED },
        removeOnFail: { count: KEEP_FAILED },
        ...options,
      })
    })
  }

  #work(queueName: string, handler: EventHandler, attempts: number, options: QueueConfig | undefined): Worker {
    const concurrency =
      options?.type === 'fifo' ? 1 : (options && 'concurrency' in options && options.concurrency) || DEFAULT_CONCURRENCY
    const worker = new Worker<JobData>(queueName, async (job) => handler(job.data), {
      connection: this.connection,
      prefix: this.prefix,
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
      queue = new Queue(name, { connection: this.connection, prefix: this.prefix })
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
}

/** Lets a worker's jobs end. BullMQ leaves a rejection to nobody when a worker closes that is still connecting. */
const closeWorker = async (worker: Worker): Promise<void> => {
  await worker.waitUntilReady().catch(() => {})
  await worker.close()
}
