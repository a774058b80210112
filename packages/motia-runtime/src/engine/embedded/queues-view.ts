import { type DeadLetter, DLQ_SUFFIX } from '../engine'
import type { QueueJob } from './inspector'
import type { QueueInfo } from './message-queue'

/** A queue, or its dead letters, as the Queues tab shows them. `id` is the stream's, the rest is plugin-bullmq's. */
export interface TabQueue {
  id: string
  name: string
  displayName: string
  isPaused: boolean
  isDLQ: boolean
  stats: Record<'waiting' | 'active' | 'completed' | 'failed' | 'delayed' | 'paused' | 'prioritized', number>
}

const NO_JOBS = { waiting: 0, active: 0, completed: 0, failed: 0, delayed: 0, paused: 0, prioritized: 0 }

/**
 * Returns every queue, and for each queue with dead letters an entry of its own, as BullMQ has a queue for them.
 * `deadLetters` is how many there are, by queue.
 */
export const tabQueues = (queues: QueueInfo[], deadLetters: ReadonlyMap<string, number>): TabQueue[] => [
  ...queues.map(({ name, isPaused, waiting, active, delayed, completed, failed }) => ({
    ...{ id: name, name, displayName: name, isPaused, isDLQ: false },
    stats: { ...NO_JOBS, waiting, active, delayed, completed, failed },
  })),
  ...Array.from(deadLetters, ([queue, waiting]) => {
    const name = `${queue}${DLQ_SUFFIX}`
    return { id: name, name, displayName: name, isPaused: false, isDLQ: true, stats: { ...NO_JOBS, waiting } }
  }),
]

/** Returns a message in the form of a BullMQ job. Times are epoch ms, delays are in ms. */
export const tabJob = (job: QueueJob) => {
  const { id, event, addedAt, startedAt, finishedAt, dueAt, attempts, maxAttempts, reason } = job
  const delay = dueAt === undefined ? 0 : Math.max(0, dueAt - addedAt)
  return {
    id,
    name: event.topic,
    data: event,
    opts: { attempts: maxAttempts, delay },
    progress: 0,
    timestamp: addedAt,
    attemptsMade: attempts,
    processedOn: startedAt,
    finishedOn: finishedAt,
    returnvalue: null,
    failedReason: reason,
    stacktrace: reason === undefined ? [] : [reason],
    // plugin-bullmq omits this field, and so shows a delayed job as waiting.
    delay,
  }
}

/** Returns a dead letter in the form of a job of BullMQ's dead-letter queue. */
export const tabDeadLetter = ({ id, event, reason, failedAt, attempts }: DeadLetter) => {
  const failure = { originalEvent: event, failureReason: reason, failureTimestamp: failedAt, attemptsMade: attempts }
  return { id, name: `${event.topic}${DLQ_SUFFIX}`, data: failure, timestamp: failedAt, ...failure }
}
