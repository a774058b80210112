import type { DeadLetters } from '../engine'
import type { Dispatcher } from './dispatcher'
import type { JobState, QueueInfo, QueueInspector, QueueJob } from './inspector'
import { eventOf, type Message, newMessage } from './message'
import type { MessageQueue } from './message-queue'

/** The queues of a dispatcher as the Queues tab sees them. */
export class QueueInspection implements QueueInspector {
  readonly #dispatcher: Dispatcher

  constructor(
    dispatcher: Dispatcher,
    readonly deadLetters: DeadLetters,
  ) {
    this.#dispatcher = dispatcher
  }

  queues(): QueueInfo[] {
    return Array.from(this.#dispatcher.queues.values(), (queue) => queue.info())
  }

  jobs(name: string, state: JobState): QueueJob[] {
    const queue = this.#dispatcher.queues.get(name)
    return queue ? messagesIn(queue, state).map((message) => jobOf(queue, message)) : []
  }

  job(name: string, id: string): QueueJob | null {
    const found = this.#find(name, id)
    return found ? jobOf(found.queue, found.message) : null
  }

  pause(name: string): boolean {
    return this.#setPaused(name, true)
  }

  resume(name: string): boolean {
    return this.#setPaused(name, false)
  }

  clean(name: string, state: JobState, graceMs: number, limit: number): string[] {
    const before = Date.now() - graceMs
    const old = this.jobs(name, state).filter(({ addedAt, finishedAt = addedAt }) => finishedAt <= before)
    return old
      .slice(0, limit)
      .map(({ id }) => id)
      .filter((id) => this.remove(name, id))
  }

  drain(name: string): boolean {
    for (const state of ['waiting', 'delayed'] as const) {
      for (const { id } of this.jobs(name, state)) this.remove(name, id)
    }
    return this.#dispatcher.queues.has(name)
  }

  retry(name: string, id: string): boolean {
    const found = this.#find(name, id)
    if (!found?.queue.forget(found.message)) return false
    const { queue, eventId, text } = found.message
    this.#dispatcher.enqueue(newMessage({ queue, eventId, text }, 0))
    return true
  }

  remove(name: string, id: string): boolean {
    const found = this.#find(name, id)
    if (!found) return false
    if (found.queue.forget(found.message)) return true
    if (!found.queue.remove(found.message)) return false
    this.#dispatcher.forget(found.message)
    return true
  }

  promote(name: string, id: string): boolean {
    const found = this.#find(name, id)
    return found?.message.state === 'delayed' && this.#dispatcher.reschedule(found.message, performance.now())
  }

  #setPaused(name: string, isPaused: boolean): boolean {
    const queue = this.#dispatcher.queues.get(name)
    if (!queue) return false
    queue.isPaused = isPaused
    this.#dispatcher.touch(queue)
    return true
  }

  #find(name: string, id: string): { queue: MessageQueue; message: Message } | undefined {
    const queue = this.#dispatcher.queues.get(name)
    for (const state of ['waiting', 'active', 'delayed', 'completed', 'failed'] as const) {
      const message = queue && messagesIn(queue, state).find((message) => message.id === id)
      if (message) return { queue, message }
    }
    return undefined
  }
}

const messagesIn = (queue: MessageQueue, state: JobState): Message[] => {
  if (state === 'waiting') return queue.waiting.toArray()
  if (state === 'completed' || state === 'failed') return queue[state].toReversed()
  return [...queue[state]]
}

const jobOf = ({ subscription }: MessageQueue, message: Message): QueueJob => {
  const { id, state, addedAt, startedAt, finishedAt, attempts, reason } = message
  const maxAttempts = subscription?.maxAttempts ?? attempts
  const job = { id, state, event: eventOf(message), addedAt, startedAt, finishedAt, attempts, maxAttempts, reason }
  const isScheduled = state === 'delayed' && Number.isFinite(message.dueAt)
  return isScheduled ? { ...job, dueAt: Math.round(Date.now() + message.dueAt - performance.now()) } : job
}
