import { BACKOFF_MS, type Message } from './message'

/**
 * The messages whose handlers were running when their process died. Any of them may be the one that killed it, so they
 * run one at a time: if one kills this process too, none of the others has used up an attempt for it.
 */
export class Suspects {
  readonly #release: (message: Message, dueAt: number) => boolean
  #readyAt = 0
  #waiting: Message[] = []
  #released: Message | undefined

  /**
   * `release` lets a message run, from a time of `performance.now()` on, that is held back; false if it is no longer
   * there.
   */
  constructor(release: (message: Message, dueAt: number) => boolean) {
    this.#release = release
  }

  /** Adds messages that are held back in their queues. */
  add(messages: readonly Message[]): void {
    this.#readyAt = performance.now() + BACKOFF_MS
    this.#waiting.push(...messages)
    this.#next()
  }

  /** Its attempt has ended, or it was removed. */
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
      if (this.#release(message, this.#readyAt)) this.#released = message
    }
  }
}
