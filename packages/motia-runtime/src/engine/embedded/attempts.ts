import type { DeadLetter } from '../engine'
import { isTemporary, temporaryWait } from '../temporary'
import { BACKOFF_MS, eventOf, type Message } from './message'
import type { MessageQueue, Subscription } from './message-queue'
import type { QueueJournal } from './queue-journal'

/** What the attempts need of the rest. */
export interface AttemptsParts {
  journal: QueueJournal
  /** Stores a dead letter durably. One of the same id is stored once. */
  bury: (letter: DeadLetter) => Promise<void>
  /** Called when a message is done with: handled or a dead letter. */
  onDone: (message: Message) => void
  /** Called when an attempt has failed, and the message is back in its queue until it is due again. */
  onFailed: (message: Message) => void
  /** Called when a queue may start another message. */
  onFree: (queue: MessageQueue) => void
}

/** Runs messages that are active in their queues, and decides what becomes of them. */
export class Attempts {
  readonly #parts: AttemptsParts
  #activeCount = 0
  #idle: Promise<void> | undefined
  #onIdle = () => {}
  #isBuryFailing = false

  constructor(parts: AttemptsParts) {
    this.#parts = parts
  }

  /** Notes an attempt in the journal; returns what makes it. */
  begin(queue: MessageQueue, message: Message, subscription: Subscription): () => void {
    if (message.attempts >= subscription.maxAttempts) return () => this.bury(queue, message)
    this.#activeCount += 1
    message.attempts += 1
    message.startedAt = Date.now()
    this.#parts.journal.start(message)
    return () => this.#run(queue, message, subscription)
  }

  /** Makes a dead letter of an active message. */
  bury(queue: MessageQueue, message: Message, reason = message.reason): void {
    this.#activeCount += 1
    void this.#bury(queue, message, reason)
  }

  /** Resolves once no handler runs, and no dead letter is on its way to the disk. */
  idle(): Promise<void> {
    this.#idle ??= new Promise((resolve) => {
      this.#onIdle = resolve
      if (this.#activeCount === 0) resolve()
    })
    return this.#idle
  }

  #run(queue: MessageQueue, message: Message, { handler, maxAttempts }: Subscription): void {
    const fail = (error: unknown) => this.#fail(queue, message, maxAttempts, error)
    try {
      Promise.resolve(handler(eventOf(message))).then(() => this.#end(queue, message, 'completed'), fail)
    } catch (error) {
      fail(error)
    }
  }

  #fail(queue: MessageQueue, message: Message, maxAttempts: number, error: unknown): void {
    message.reason = error instanceof Error ? error.message : String(error)
    if (isTemporary(error)) {
      message.attempts -= 1
      this.#parts.journal.defer(message)
      this.#retryLater(queue, message, temporaryWait(message.addedAt))
    } else if (message.attempts >= maxAttempts) {
      void this.#bury(queue, message, message.reason)
    } else {
      this.#parts.journal.fail(message)
      this.#retryLater(queue, message)
    }
  }

  async #bury(queue: MessageQueue, message: Message, reason: string | undefined): Promise<void> {
    // Without an error, the attempts were counted by the journals of processes that died.
    message.reason = reason ?? 'The server died while the step ran'
    const { id, attempts } = message
    const letter = { id, queue: queue.name, event: eventOf(message), reason: message.reason, attempts }
    try {
      await this.#parts.bury({ ...letter, failedAt: Date.now() })
      this.#isBuryFailing = false
    } catch (error) {
      // Due again it has no attempts left, so the next thing to be tried is this.
      if (!this.#isBuryFailing) console.error('Dead letters cannot be stored; this is tried until it works:', error)
      this.#isBuryFailing = true
      this.#retryLater(queue, message)
      return
    }
    const times = attempts === 1 ? '1 attempt' : `${attempts} attempts`
    console.warn(`Queue ${queue.name}: an event is a dead letter now, after ${times}: ${message.reason}`)
    this.#end(queue, message, 'failed')
  }

  #end(queue: MessageQueue, message: Message, state: 'completed' | 'failed'): void {
    queue.finish(message, state)
    this.#parts.onDone(message)
    this.#free(queue)
  }

  #retryLater(queue: MessageQueue, message: Message, delayMs = BACKOFF_MS): void {
    queue.active.delete(message)
    message.dueAt = performance.now() + delayMs
    queue.add(message)
    this.#parts.onFailed(message)
    this.#free(queue)
  }

  #free(queue: MessageQueue): void {
    this.#activeCount -= 1
    this.#parts.onFree(queue)
    if (this.#activeCount === 0) this.#onIdle()
  }
}
