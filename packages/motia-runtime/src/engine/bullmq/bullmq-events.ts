import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Worker } from 'bullmq'
import type { Event, QueueConfig, SubscriptionHandle } from 'motia'
import { EmitError, type EngineEvents, type QueueCounts, type QueuedEvent, untyped } from '../engine'
import { EventSender, type Target } from './event-sender'
import { closeWorker, createWorker, oneByOne, type StoreDeadLetter, type WorkerParts } from './queue-worker'
import type { Queues } from './queues'
import type { RedisHealth } from './redis-health'

/** How long a shutdown waits for the workers while Redis is down, in ms: they wait for it to come back. */
const SHUTDOWN_PATIENCE_MS = 2_000

interface Subscription extends Target {
  handle: SubscriptionHandle
  worker: Worker
}

/** Motia's event adapter on BullMQ, with Motia's queue names and attempts. */
export class BullMqEvents implements EngineEvents {
  readonly #workerParts: WorkerParts
  readonly #sender: EventSender
  readonly #subscriptions = new Map<string, Subscription>()
  #isStarted = false

  /** `storeDeadLetter` stores a job without attempts left as a dead letter. */
  constructor(
    private readonly queues: Queues,
    private readonly health: RedisHealth,
    storeDeadLetter: StoreDeadLetter,
  ) {
    this.#workerParts = { queues, storeDeadLetter, alone: oneByOne() }
    this.#sender = new EventSender(queues, health)
  }

  async emit<TData>({ id, topic, data, traceId, flows }: Event<TData> & { id?: string }): Promise<void> {
    const event: QueuedEvent = { id, topic, data: copyOf(topic, data), traceId, flows }
    const subscribers = this.#subscribers().filter(({ handle }) => handle.topic === topic)
    await (id === undefined ? this.#sender.send(event, subscribers) : this.#sender.sendOwed(id, event, subscribers))
  }

  onSettled(listener: (event: QueuedEvent) => void): void {
    this.#sender.onSettled(listener)
  }

  async subscribe<TData>(
    topic: string,
    stepName: string,
    handler: (event: Event<TData>) => void | Promise<void>,
    config?: QueueConfig,
  ): Promise<SubscriptionHandle> {
    const name = `${topic}.${stepName}`
    const id = randomUUID()
    const handle = { topic, id, unsubscribe: () => this.unsubscribe(handle) }
    const worker = createWorker(this.#workerParts, name, untyped(handler), config)
    this.#subscriptions.set(id, { handle, name, config, worker })
    const queue = this.queues.get(name)
    // A fifo queue runs one job at a time on all servers together.
    const limited = config?.type === 'fifo' ? queue.setGlobalConcurrency(1) : queue.removeGlobalConcurrency()
    limited.catch(() => {})
    if (this.#isStarted) run(worker)
    return handle
  }

  async unsubscribe({ id }: SubscriptionHandle): Promise<void> {
    const subscription = this.#subscriptions.get(id)
    this.#subscriptions.delete(id)
    if (subscription) await closeWorker(subscription.worker)
  }

  /** Starts running jobs. Call it once all steps have subscribed, or events of a job may be lost. */
  start(): void {
    this.#isStarted = true
    for (const { worker } of this.#subscribers()) run(worker)
  }

  /** Waits for running jobs, then closes workers and queues. The connection stays open. */
  async shutdown(): Promise<void> {
    this.health.beginToClose()
    const closed = Promise.allSettled(this.#subscribers().map(({ worker }) => closeWorker(worker)))
    await (this.health.isUp ? closed : Promise.race([closed, sleep(SHUTDOWN_PATIENCE_MS, undefined, { ref: false })]))
    // Only now: running jobs may have emitted events.
    this.#subscriptions.clear()
    await this.queues.close()
  }

  async getSubscriptionCount(topic: string): Promise<number> {
    return this.#subscribers().filter(({ handle }) => handle.topic === topic).length
  }

  async listTopics(): Promise<string[]> {
    return [...new Set(this.#subscribers().map(({ handle }) => handle.topic))]
  }

  /** Returns the names of the queues whose steps this server runs. */
  queueNames(): string[] {
    return [...new Set(this.#subscribers().map(({ name }) => name))]
  }

  /** Returns the config of the step that subscribes to a queue; undefined if none does on this server. */
  configOf(queue: string): QueueConfig | undefined {
    return this.#subscribers().find(({ name }) => name === queue)?.config
  }

  /** Returns how many jobs of each queue are in each state. Rejects if Redis does not respond. */
  async counts(): Promise<QueueCounts[]> {
    return this.health.ask(() => Promise.all(this.queueNames().map((name) => this.#countsOf(name))))
  }

  async #countsOf(name: string): Promise<QueueCounts> {
    const counts = await this.queues.get(name).getJobCounts()
    const { waiting = 0, paused = 0, active = 0, delayed = 0, completed = 0, failed = 0 } = counts
    return { name, waiting: waiting + paused, active, delayed, completed, failed }
  }

  #subscribers(): Subscription[] {
    return [...this.#subscriptions.values()]
  }
}

/**
 * Returns a copy of an event's data, which later changes by the emitter do not affect. Throws an `EmitError` if the
 * data is not JSON.
 */
const copyOf = (topic: string, data: unknown): unknown => {
  try {
    return JSON.parse(JSON.stringify(data))
  } catch (cause) {
    throw new EmitError(`Event ${topic} was not queued: its data cannot be converted to JSON`, { cause })
  }
}

const run = (worker: Worker): void => {
  worker.run().catch(() => {})
}
