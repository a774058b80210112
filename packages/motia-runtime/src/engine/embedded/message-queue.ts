import type { DeliveryLimits } from '../delivery'
import type { EventHandler, QueueCounts } from '../engine'
import { Fifo } from './fifo'
import type { Message } from './message'

/** How many completed, and how many failed, messages a queue remembers. */
const REMEMBERED = 100

/** The step that subscribes to a queue, with its limits. */
export interface Subscription extends DeliveryLimits {
  readonly id: string
  readonly topic: string
  readonly handler: EventHandler
}

/** A queue as the Queues tab shows it. The last 100 completed and 100 failed messages can be listed. */
export interface QueueInfo extends QueueCounts {
  isPaused: boolean
}

/** The messages of one step and topic, by state. The dispatcher runs them. */
export class MessageQueue {
  readonly waiting = new Fifo<Message>()
  /** Ordered by due time. */
  readonly delayed: Message[] = []
  readonly active = new Set<Message>()
  /** The last ones, oldest first. */
  readonly completed: Message[] = []
  readonly failed: Message[] = []
  subscription: Subscription | undefined
  isPaused = false
  /** When the last subscription ended, in ms of `performance.now()`. */
  desertedAt = performance.now()
  #completedCount = 0
  #failedCount = 0

  constructor(readonly name: string) {}

  /** Adds a message to the waiting ones, or to the delayed ones until it is due. */
  add(message: Message): void {
    if (message.dueAt <= performance.now()) {
      message.state = 'waiting'
      this.waiting.push(message)
      return
    }
    message.state = 'delayed'
    // Nearly always at the end, because a queue has only two lengths of delay.
    let index = this.delayed.length
    while (index > 0 && (this.delayed[index - 1]?.dueAt ?? 0) > message.dueAt) index -= 1
    this.delayed.splice(index, 0, message)
  }

  /** Moves delayed messages that are due now to the waiting ones. Returns when the next one is due. */
  promoteDue(now: number): number {
    const count = this.delayed.findIndex(({ dueAt }) => dueAt > now)
    for (const message of this.delayed.splice(0, count < 0 ? this.delayed.length : count)) this.add(message)
    return this.delayed[0]?.dueAt ?? Number.POSITIVE_INFINITY
  }

  /** Returns a message that may start now, and makes it active; undefined if there is none. */
  take(): { message: Message; subscription: Subscription } | undefined {
    const { subscription } = this
    if (!subscription || this.isPaused || this.active.size >= subscription.concurrency) return undefined
    const message = this.waiting.shift()
    if (!message) return undefined
    this.activate(message)
    return { message, subscription }
  }

  activate(message: Message): void {
    message.state = 'active'
    this.active.add(message)
  }

  /** Removes a waiting or delayed message. Returns false if it is in neither state. */
  remove(message: Message): boolean {
    if (message.state === 'waiting') return this.waiting.remove(message)
    const index = message.state === 'delayed' ? this.delayed.indexOf(message) : -1
    if (index >= 0) this.delayed.splice(index, 1)
    return index >= 0
  }

  /** Records the end of an active message. */
  finish(message: Message, state: 'completed' | 'failed'): void {
    this.active.delete(message)
    message.state = state
    message.finishedAt = Date.now()
    if (state === 'completed') this.#completedCount += 1
    else this.#failedCount += 1
    const remembered = this[state]
    remembered.push(message)
    if (remembered.length > REMEMBERED) remembered.shift()
  }

  /** Forgets a finished message. Returns false if it is not remembered. */
  forget(message: Message): boolean {
    if (message.state !== 'completed' && message.state !== 'failed') return false
    const index = this[message.state].indexOf(message)
    if (index >= 0) this[message.state].splice(index, 1)
    return index >= 0
  }

  info(): QueueInfo {
    return {
      name: this.name,
      isPaused: this.isPaused,
      waiting: this.waiting.size,
      active: this.active.size,
      delayed: this.delayed.length,
      completed: this.#completedCount,
      failed: this.#failedCount,
    }
  }
}
