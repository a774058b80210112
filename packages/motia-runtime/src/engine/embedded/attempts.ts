import { errorMessage } from '../../errors'
import { BACKOFF_MS, isTemporary, temporaryWait, warnOfDeadLetter } from '../delivery'
import type { DeadLetter } from '../engine'
import { eventOf, type Message } from './message'
import type { MessageQueue, Subscription } from './message-queue'
import type { QueueJournal } from './queue-journal'

/** What `Attempts` needs. */
export interface AttemptsParts {
  journal: QueueJournal
  /** Stores a dead letter durably, once per id. */
  storeDeadLetter: (letter: DeadLetter) => Promise<void>
  /** Called when a message is finished: handled or a dead letter. */
  onDone: (message: Message) => void
  /** Called when an attempt has failed and the message is back in its queue. */
  onFailed: (message: Message) => void
  /** Called when a queue may start another message. */
  onFree: (queue: MessageQueue) => void
}

/** Runs the active messages of the queues, and retries or finishes them. */
export class Attempts {
  #activeCount = 0
  #idle: Promise<void> | undefined
  #onIdle = () => {}
  #isStoreFailing = false

  constructor(private readonly parts: AttemptsParts) {}

  /** Records an attempt in the journal. Returns a function that makes the attempt. */
  begin(queue: MessageQueue, message: Message, subscription: Subscription): () => void {
    if (message.attempts >= subscription.maxAttempts) return () => this.storeDeadLetter(queue, message)
    this.#activeCount += 1
    message.attempts += 1
    message.startedAt = Date.now()
    this.parts.journal.note('start', message)
    return () => this.#run(queue, message, subscription)
  }

  /** Makes an active message a dead letter. */
  storeDeadLetter(queue: MessageQueue, message: Message, reason = message.reason): void {
    this.#activeCount += 1
    void this.#storeDeadLetter(queue, message, reason)
  }

  /** Resolves once no handler runs and no dead letter is being written. */
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
    message.reason = errorMessage(error)
    if (isTemporary(error)) {
      message.attempts -= 1
      this.parts.journal.note('defer', message)
      this.#retryLater(queue, message, temporaryWait(message.addedAt))
    } else if (message.attempts >= maxAttempts) {
      void this.#storeDeadLetter(queue, message, message.reason)
    } else {
      this.parts.journal.note('fail', message)
      this.#retryLater(queue, message)
    }
  }

  async #storeDeadLetter(queue: MessageQueue, message: Message, reason: string | undefined): Promise<void> {
    // If there is no error, the attempts ended with processes that died.
    message.reason = reason ?? 'The server died while the step ran'
    const { id, attempts } = message
    const letter = { id, queue: queue.name, event: eventOf(message), reason: message.reason, attempts }
    try {
      await this.parts.storeDeadLetter({ ...letter, failedAt: Date.now() })
      this.#isStoreFailing = false
    } catch (error) {
      // The message has no attempts left, so this is tried again when it is due.
      if (!this.#isStoreFailing) console.error('Cannot store dead letters, trying again until it works:', error)
      this.#isStoreFailing = true
      this.#retryLater(queue, message)
      return
    }
    warnOfDeadLetter(queue.name, attempts, message.reason)
    this.#end(queue, message, 'failed')
  }

  #end(queue: MessageQueue, message: Message, state: 'completed' | 'failed'): void {
    queue.finish(message, state)
    this.parts.onDone(message)
    this.#free(queue)
  }

  #retryLater(queue: MessageQueue, message: Message, delayMs = BACKOFF_MS): void {
    queue.active.delete(message)
    message.dueAt = performance.now() + delayMs
    queue.add(message)
    this.parts.onFailed(message)
    this.#free(queue)
  }

  #free(queue: MessageQueue): void {
    this.#activeCount -= 1
    this.parts.onFree(queue)
    if (this.#activeCount === 0) this.#onIdle()
  }
}
