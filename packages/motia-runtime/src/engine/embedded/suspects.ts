import { BACKOFF_MS } from '../delivery'
import type { Message } from './message'

/**
 * The messages whose handlers were running when their process died. Any of them may have killed it, so they run one at
 * a time: if one kills this process too, no other uses up an attempt.
 */
export class Suspects {
  #readyAt = 0
  #waiting: Message[] = []
  #released: Message | undefined

  /** `release` makes a held message due at a time of `performance.now()`. It returns false if the message is gone. */
  constructor(private readonly release: (message: Message, dueAt: number) => boolean) {}

  /** Adds messages that are held back in their queues. */
  add(messages: readonly Message[]): void {
    this.#readyAt = performance.now() + BACKOFF_MS
    this.#waiting.push(...messages)
    this.#next()
  }

  /** Records that a message's attempt has ended, or that it was removed. */
  cleared(message: Message): void {
    message.isSuspect = false
    if (message !== this.#released) return
    this.#released = undefined
    this.#next()
  }

  #next(): void {
    while (!this.#released) {
      const message = this.#waiting.shift()
      if (!message) return
      if (this.release(message, this.#readyAt)) this.#released = message
    }
  }
}
