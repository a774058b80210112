import { AsyncResource } from 'node:async_hooks'
import { Attempts, type AttemptsParts } from './attempts'
import type { Message } from './message'
import { MessageQueue } from './message-queue'
import type { OwedEvents } from './owed-events'
import type { QueueJournal } from './queue-journal'
import { Suspects } from './suspects'
import { WakeTimer } from './wake-timer'

/** How long messages wait for a subscriber before they become dead letters, in ms: somebody may be editing the step. */
const DESERTED_MS = 60_000

/**
 * Starts the messages of all queues. Everything in one turn of the event loop is combined: one write to the journal,
 * then the handlers. So the journal contains each attempt before it begins.
 */
export class Dispatcher {
  readonly queues = new Map<string, MessageQueue>()
  readonly #attempts: Attempts
  readonly #suspects = new Suspects((message, dueAt) => this.reschedule(message, dueAt))
  readonly #timer = new WakeTimer(() => this.#touchDelayed())
  /** Queues that may have a message to start. */
  readonly #touched = new Set<MessageQueue>()
  /** Bound, because otherwise the handlers of a turn would run in the context of the step that emitted first. */
  readonly #boundTurn = AsyncResource.bind(() => this.#turn())
  #isTurnDue = false
  #isStopped = false

  constructor(
    private readonly journal: QueueJournal,
    private readonly owed: OwedEvents,
    storeDeadLetter: AttemptsParts['storeDeadLetter'],
  ) {
    this.#attempts = new Attempts({
      journal,
      storeDeadLetter,
      onDone: (message) => this.forget(message),
      onFailed: (message) => this.#suspects.cleared(message),
      onFree: (queue) => this.touch(queue),
    })
  }

  /** Returns the queue of that name. Creates it if it is missing. */
  queue(name: string): MessageQueue {
    let queue = this.queues.get(name)
    if (!queue) {
      queue = new MessageQueue(name)
      this.queues.set(name, queue)
    }
    return queue
  }

  /** Puts a message into its queue. */
  enqueue(message: Message): void {
    const queue = this.queue(message.queue)
    this.owed.queued(message)
    this.journal.add(message)
    queue.add(message)
    this.touch(queue)
  }

  /**
   * Puts the messages of a dead process into their queues, unless they are there already. Returns once they are in the
   * journal.
   */
  adopt(messages: readonly Message[]): void {
    const adopted = messages.filter((message) => {
      const duplicate = this.owed.duplicateOf(message)
      if (duplicate) duplicate.attempts = Math.max(duplicate.attempts, message.attempts)
      return !duplicate && !this.journal.has(message.id)
    })
    const suspects = adopted.filter(({ isSuspect }) => isSuspect)
    for (const message of suspects) message.dueAt = Number.POSITIVE_INFINITY
    for (const message of adopted) this.enqueue(message)
    this.#suspects.add(suspects)
    this.journal.flush()
  }

  /** Checks a queue that may have a message to start. */
  touch(queue: MessageQueue): void {
    this.#touched.add(queue)
    this.#schedule()
  }

  /** Changes when a delayed message is due, in ms of `performance.now()`. Returns false if it is not in its queue. */
  reschedule(message: Message, dueAt: number): boolean {
    const queue = this.queue(message.queue)
    if (!queue.remove(message)) return false
    message.dueAt = dueAt
    queue.add(message)
    this.touch(queue)
    return true
  }

  /** Records that a message is finished: handled, a dead letter, or removed from its queue. */
  forget(message: Message): void {
    this.journal.end(message)
    this.#suspects.cleared(message)
    this.owed.done(message)
    this.#schedule()
  }

  /** Turns messages that have waited too long for a subscriber into dead letters. */
  moveUnsubscribedToDeadLetters(): void {
    for (const queue of this.queues.values()) {
      if (queue.subscription || performance.now() - queue.desertedAt < DESERTED_MS) continue
      for (const message of [...queue.waiting.toArray(), ...queue.delayed]) {
        queue.remove(message)
        queue.activate(message)
        this.#attempts.storeDeadLetter(queue, message, `No step subscribes to ${queue.name}`)
      }
    }
  }

  /** Starts no further messages. Resolves once none runs. */
  stop(): Promise<void> {
    this.#isStopped = true
    this.#timer.stop()
    return this.#attempts.idle()
  }

  #schedule(): void {
    if (this.#isTurnDue) return
    this.#isTurnDue = true
    setImmediate(this.#boundTurn)
  }

  #turn(): void {
    this.#isTurnDue = false
    const runs = this.#isStopped ? [] : this.#takeAll()
    this.journal.flush()
    for (const run of runs) run()
  }

  #takeAll(): (() => void)[] {
    const runs: (() => void)[] = []
    const now = performance.now()
    for (const queue of this.#touched) {
      if (queue.delayed.length > 0) this.#timer.wakeAt(queue.promoteDue(now))
      for (let taken = queue.take(); taken; taken = queue.take()) {
        runs.push(this.#attempts.begin(queue, taken.message, taken.subscription))
      }
    }
    this.#touched.clear()
    return runs
  }

  #touchDelayed(): void {
    for (const queue of this.queues.values()) if (queue.delayed.length > 0) this.touch(queue)
  }
}
