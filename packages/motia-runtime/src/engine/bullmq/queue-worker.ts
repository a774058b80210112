import { DelayedError, type Job, UnrecoverableError, Worker } from 'bullmq'
import type { QueueConfig } from 'motia'
import { isTemporary, limitsOf, temporaryWait } from '../delivery'
import type { EventHandler, QueuedEvent } from '../engine'
import type { Queues } from './queues'

/** Motia's default for how long a silent server keeps its job, in s. */
const DEFAULT_VISIBILITY_S = 900

/** How often a server renews its lock on a long job, in ms. With a short visibility timeout it does so more often. */
const RENEW_MS = 4_000

/** How often each queue is searched for jobs whose lock has expired, in ms. */
const STALLED_INTERVAL_MS = 2_000

/** Stores a job without attempts left as a dead letter. */
export type StoreDeadLetter = (queue: string, job: Job<QueuedEvent>, reason: string, attempts: number) => Promise<void>

/** What the workers of an engine share. */
export interface WorkerParts {
  queues: Queues
  storeDeadLetter: StoreDeadLetter
  /** Runs functions one at a time. */
  alone: (work: () => Promise<void>) => Promise<void>
}

/**
 * Returns a worker that runs the jobs of a queue after a call of `run`. If the server of a job dies, or is blocked for
 * longer than the `visibilityTimeout`, another worker takes the job over. That counts as an attempt.
 */
export const createWorker = (
  parts: WorkerParts,
  name: string,
  handler: EventHandler,
  config: Partial<QueueConfig> = {},
): Worker<QueuedEvent> => {
  const { connection, prefix } = parts.queues
  const visibilityMs = (config.visibilityTimeout || DEFAULT_VISIBILITY_S) * 1_000
  const renewMs = Math.min(RENEW_MS, visibilityMs)
  const worker = new Worker<QueuedEvent>(name, (job, token) => runJob(parts, name, job, handler, token), {
    connection,
    prefix,
    autorun: false,
    concurrency: limitsOf(config).concurrency,
    // When the renewal is due, the lock still lasts for the visibility timeout.
    lockDuration: visibilityMs + renewMs,
    lockRenewTime: renewMs,
    stalledInterval: STALLED_INTERVAL_MS,
    // Counted in `runJob`: BullMQ would fail the job without a dead letter.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
  })
  worker.on('error', () => {})
  sayTakenOver(worker, visibilityMs)
  return worker
}

/** Logs how many jobs a worker takes over from silent servers, in one line for all that it finds at once. */
const sayTakenOver = (worker: Worker, visibilityMs: number): void => {
  let count = 0
  worker.on('stalled', () => {
    count += 1
    if (count > 1) return
    setImmediate(() => {
      const jobs = count === 1 ? '1 job of the queue' : `${count} jobs of the queue`
      count = 0
      console.warn(
        `${jobs} ${worker.name} taken over, because the server has not responded for ${visibilityMs / 1_000} s`,
      )
    })
  })
}

/** Returns a function that runs other functions one at a time. */
export const oneByOne = (): WorkerParts['alone'] => {
  let last: Promise<void> = Promise.resolve()
  return (work) => {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }
}

/** Waits for a worker's jobs and closes it. BullMQ does not handle the rejection if the worker is still connecting. */
export const closeWorker = async (worker: Worker): Promise<void> => {
  await worker.waitUntilReady().catch(() => {})
  await worker.close()
}

/**
 * Runs a job. If it fails for the last time, stores it as a dead letter before it leaves its queue. Any job that was
 * taken over may have killed its server, so these jobs run one at a time: if one kills this server too, no other uses
 * up an attempt. A job's progress is the number of servers that it has lost, including the current one until the run
 * has ended.
 */
const runJob = async (
  parts: WorkerParts,
  queue: string,
  job: Job<QueuedEvent>,
  handler: EventHandler,
  token: string | undefined,
): Promise<void> => {
  const { attempts = 1 } = job.opts
  const lost = Number(job.progress) || (job.stalledCounter > 0 ? 1 : 0)
  const attempt = job.attemptsMade + lost + 1
  const runSuspect = async () => {
    if (attempt > attempts) throw new Error('the server that ran it died or was blocked')
    await job.updateProgress(lost + 1)
    try {
      await handler(job.data)
    } catch (error) {
      await job.updateProgress(lost).catch(() => {})
      throw error
    }
  }
  try {
    await (lost > 0 ? parts.alone(runSuspect) : handler(job.data))
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown))
    if (isTemporary(error)) {
      await job.moveToDelayed(Date.now() + temporaryWait(job.timestamp), token)
      throw new DelayedError()
    }
    if (attempt < attempts) throw error
    await parts.storeDeadLetter(queue, job, error.message, Math.min(attempt, attempts))
    throw Object.assign(new UnrecoverableError(error.message), { stack: error.stack })
  }
}
