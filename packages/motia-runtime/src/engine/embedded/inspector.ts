import type { DeadLetters, QueuedEvent } from '../engine'
import type { Dispatcher } from './dispatcher'
import { eventOf, type JobState, type Message, newMessage } from './message'
import type { MessageQueue, QueueInfo } from './message-queue'

/** A message as the Queues tab shows it. Times are epoch ms. */
export interface QueueJob extends Omit<Message, 'queue' | 'eventId' | 'text' | 'dueAt' | 'isSuspect'> {
  event: QueuedEvent
  maxAttempts: number
  /** When a delayed message is due. */
  dueAt?: number
}

/** The operations of the Queues tab on the embedded queues. */
export type QueueInspector = ReturnType<typeof inspectorOf>

/**
 * Returns the operations of the Queues tab on the queues of a dispatcher. Those that change something return false if
 * the queue or message does not exist, or if its state does not allow the change.
 */
export const inspectorOf = (dispatcher: Dispatcher, deadLetters: DeadLetters) => {
  const queueNamed = (name: string) => dispatcher.queues.get(name)

  const find = (name: string, id: string): { queue: MessageQueue; message: Message } | undefined => {
    const queue = queueNamed(name)
    for (const state of ['waiting', 'active', 'delayed', 'completed', 'failed'] as const) {
      const message = queue && messagesIn(queue, state).find((message) => message.id === id)
      if (message) return { queue, message }
    }
    return undefined
  }

  const setPaused = (name: string, isPaused: boolean): boolean => {
    const queue = queueNamed(name)
    if (!queue) return false
    queue.isPaused = isPaused
    dispatcher.touch(queue)
    return true
  }

  /** Returns the messages of a queue in one state. Those that run next, or ended last, come first. */
  const jobs = (name: string, state: JobState): QueueJob[] => {
    const queue = queueNamed(name)
    return queue ? messagesIn(queue, state).map((message) => jobOf(queue, message)) : []
  }

  /** Removes a message that is not active. */
  const remove = (name: string, id: string): boolean => {
    const found = find(name, id)
    if (!found) return false
    if (found.queue.forget(found.message)) return true
    if (!found.queue.remove(found.message)) return false
    dispatcher.forget(found.message)
    return true
  }

  return {
    deadLetters,
    jobs,
    remove,
    queues: (): QueueInfo[] => Array.from(dispatcher.queues.values(), (queue) => queue.info()),
    job: (name: string, id: string): QueueJob | null => {
      const found = find(name, id)
      return found ? jobOf(found.queue, found.message) : null
    },
    /** Starts no messages of that queue until it is resumed or the server restarts. */
    pause: (name: string): boolean => setPaused(name, true),
    resume: (name: string): boolean => setPaused(name, false),
    /** Removes up to `limit` messages of a state (not `active`) that are older than `graceMs`. Returns their ids. */
    clean: (name: string, state: JobState, graceMs: number, limit: number): string[] => {
      const before = Date.now() - graceMs
      const old = jobs(name, state).filter(({ addedAt, finishedAt = addedAt }) => finishedAt <= before)
      return old
        .slice(0, limit)
        .map(({ id }) => id)
        .filter((id) => remove(name, id))
    },
    /** Removes every waiting and delayed message. */
    drain: (name: string): boolean => {
      for (const state of ['waiting', 'delayed'] as const) for (const { id } of jobs(name, state)) remove(name, id)
      return dispatcher.queues.has(name)
    },
    /** Queues a failed or completed message again, with all its attempts. */
    retry: (name: string, id: string): boolean => {
      const found = find(name, id)
      if (!found?.queue.forget(found.message)) return false
      const { queue, eventId, text } = found.message
      dispatcher.enqueue(newMessage({ queue, eventId, text }, 0))
      return true
    },
    /** Makes a delayed message due now. */
    promote: (name: string, id: string): boolean => {
      const found = find(name, id)
      return found?.message.state === 'delayed' && dispatcher.reschedule(found.message, performance.now())
    },
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
