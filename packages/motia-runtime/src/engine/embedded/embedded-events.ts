import { randomUUID } from 'node:crypto'
import type { Event, QueueConfig, SubscriptionHandle } from 'motia'
import { limitsOf } from '../delivery'
import { EmitError, type EngineEvents, type QueuedEvent, untyped } from '../engine'
import type { Dispatcher } from './dispatcher'
import { eventText, newMessage } from './message'
import type { MessageQueue } from './message-queue'
import type { OtherJournals } from './other-journals'
import type { OwedEvents } from './owed-events'
import type { QueueJournal } from './queue-journal'

const DONE = Promise.resolve()

/** Motia's event adapter with queues in this process, one for each topic and step. */
export class EmbeddedEvents implements EngineEvents {
  /** Queues with a subscriber, by topic. */
  readonly #byTopic = new Map<string, Set<MessageQueue>>()
  #isClosed = false

  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly owed: OwedEvents,
    private readonly journal: QueueJournal,
    private readonly others: Pick<OtherJournals, 'eventIds'>,
  ) {}

  /** An event with an id is owed by its outbox until it is settled, so its emit does not wait for the journal. */
  emit<TData>({ id, topic, data, traceId, flows }: Event<TData> & { id?: string }): Promise<void> {
    const event = { id, topic, data, traceId, flows }
    let text: string
    try {
      if (this.#isClosed) throw new EmitError(`Event ${topic} was not queued: the server has stopped`)
      text = eventText(event)
    } catch (error) {
      return Promise.reject(error)
    }
    if (id !== undefined && this.owed.has(id)) return DONE
    const queues = this.#byTopic.get(topic)
    if (!queues) {
      if (id !== undefined) this.owed.settle(event)
      return DONE
    }
    for (const { name, subscription } of queues) {
      const message = newMessage({ queue: name, eventId: id, text }, subscription?.delayMs ?? 0)
      this.dispatcher.enqueue(message)
    }
    return id === undefined ? this.journal.written() : DONE
  }

  onSettled(listener: (event: QueuedEvent) => void): void {
    this.owed.onSettled(listener)
  }

  async queuedElsewhere(): Promise<ReadonlySet<string>> {
    return this.others.eventIds()
  }

  /** Subscribes a step to a topic. Replaces an earlier subscription of the step. */
  async subscribe<TData>(
    topic: string,
    stepName: string,
    handler: (event: Event<TData>) => void | Promise<void>,
    config?: QueueConfig,
  ): Promise<SubscriptionHandle> {
    const id = randomUUID()
    const queue = this.dispatcher.queue(`${topic}.${stepName}`)
    queue.subscription = { id, topic, handler: untyped(handler), ...limitsOf(config) }
    const queues = this.#byTopic.get(topic)
    if (queues) queues.add(queue)
    else this.#byTopic.set(topic, new Set([queue]))
    this.dispatcher.touch(queue)
    const handle = { topic, id, unsubscribe: () => this.unsubscribe(handle) }
    return handle
  }

  /** Ends a subscription. Queued messages wait for the next one. */
  async unsubscribe({ topic, id }: SubscriptionHandle): Promise<void> {
    const queues = this.#byTopic.get(topic) ?? new Set()
    for (const queue of queues) {
      if (queue.subscription?.id !== id) continue
      queue.subscription = undefined
      queue.desertedAt = performance.now()
      queues.delete(queue)
    }
    if (queues.size === 0) this.#byTopic.delete(topic)
  }

  async getSubscriptionCount(topic: string): Promise<number> {
    return this.#byTopic.get(topic)?.size ?? 0
  }

  async listTopics(): Promise<string[]> {
    return [...this.#byTopic.keys()]
  }

  /** Waits for running handlers. Waiting messages stay in the journal for the next start. */
  async shutdown(): Promise<void> {
    await this.dispatcher.stop()
  }

  /** Refuses further events. */
  close(): void {
    this.#isClosed = true
  }
}
