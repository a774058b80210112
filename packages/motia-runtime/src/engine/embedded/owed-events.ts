import type { QueuedEvent } from '../engine'
import { eventOf, type Message } from './message'

/** The queued events that an outbox owes, by id. */
export class OwedEvents {
  /** The unfinished messages of each event. */
  readonly #messages = new Map<string, Message[]>()
  readonly #listeners: ((event: QueuedEvent) => void)[] = []

  onSettled(listener: (event: QueuedEvent) => void): void {
    this.#listeners.push(listener)
  }

  /** Returns whether a message of that event waits or runs. */
  has(eventId: string): boolean {
    return this.#messages.has(eventId)
  }

  /** Returns the message of the same event in the same queue, if there is one. */
  duplicateOf({ eventId = '', queue }: Message): Message | undefined {
    return this.#messages.get(eventId)?.find((message) => message.queue === queue)
  }

  /** Records that a message is in its queue. */
  queued(message: Message): void {
    if (message.eventId === undefined) return
    const messages = this.#messages.get(message.eventId)
    if (messages) messages.push(message)
    else this.#messages.set(message.eventId, [message])
  }

  /** Records that a message is finished. The last one of an event settles the event. */
  done(message: Message): void {
    if (message.eventId === undefined) return
    const left = this.#messages.get(message.eventId)?.filter((other) => other !== message) ?? []
    if (left.length > 0) {
      this.#messages.set(message.eventId, left)
    } else {
      this.#messages.delete(message.eventId)
      this.settle(eventOf(message))
    }
  }

  /** Tells the listeners that the event is settled. */
  settle(event: QueuedEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        console.error(`A listener failed on the settled event ${event.topic}:`, error)
      }
    }
  }
}
