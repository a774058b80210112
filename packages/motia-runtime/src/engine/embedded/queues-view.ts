import type { DeadLetter } from '../engine'
import type { QueueInfo, QueueJob } from './inspector'

/** The suffix of the name of a queue's dead letters, as in Motia's BullMQ adapter. */
export const DEAD_LETTERS_SUFFIX = '.dlq'

/** A queue, or the dead letters of one, as the Queues tab shows it. `id` is the stream's, the rest is plugin-bullmq's. */
export interface TabQueue {
  id: string
  name: string
  displayName: string
  isPaused: boolean
  isDLQ: boolean
  stats: Record<'waiting' | 'active' | 'completed' | 'failed' | 'delayed' | 'paused' | 'prioritized', number>
}

const NO_JOBS = { waiting: 0, active: 0, completed: 0, failed: 0, delayed: 0, paused: 0, prioritized: 0 }

/** Returns every queue, and for each queue with dead letters an entry of its own, as BullMQ has a queue for them. */
export const tabQueues = (queues: QueueInfo[], letters: DeadLetter[]): TabQueue[] => {
  const counts = new Map<string, number>()
  for (const { queue } of letters) counts.set(queue, (counts.get(queue) ?? 0) + 1)
  return [
    ...queues.map(({ name, isPaused, waiting, active, delayed, completed, failed }) => ({
      ...{ id: name, name, displayName: name, isPaused, isDLQ: false },
      stats: { ...NO_JOBS, waiting, active, delayed, completed, failed },
    })),
    ...[...counts].map(([queue, waiting]) => {
      const name = `${queue}${DEAD_LETTERS_SUFFIX}`
      const stats = { ...NO_JOBS, waiting }
      return { id: name, name, displayName: name, isPaused: false, isDLQ: true, stats }
    }),
  ]
}

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
  return { id, name: `${event.topic}${DEAD_LETTERS_SUFFIX}`, data: failure, timestamp: failedAt, ...failure }
}
