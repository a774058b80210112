import type { Job } from 'bullmq'
import type { QueueConfig } from 'motia'
import { z } from 'zod'
import { warnOfDeadLetter } from '../delivery'
import { type DeadLetter, type DeadLetters, DLQ_SUFFIX, type QueuedEvent, queuedEventSchema } from '../engine'
import type { Queues } from './queues'
import type { RedisHealth } from './redis-health'

/** A dead letter in the form that Motia gives it. */
const letterSchema = z.object({
  originalEvent: queuedEventSchema,
  failureReason: z.string(),
  failureTimestamp: z.number(),
  attemptsMade: z.number(),
  originalJobId: z.string(),
})

/** Dead letters in queues named `<topic>.<Step>.dlq`, in Motia's form, so that the Workbench's Queues tab shows them. */
export class BullMqDeadLetters implements DeadLetters {
  /**
   * `key` is that of a set with the names of the queues that have had a dead letter. `configOf` returns the config of
   * the step that subscribes to a queue, if there is one.
   */
  constructor(
    private readonly queues: Queues,
    private readonly health: RedisHealth,
    private readonly key: string,
    private readonly configOf: (queue: string) => Partial<QueueConfig> | undefined,
  ) {}

  /** Stores a job that has no attempts left. */
  async add(queue: string, job: Job<QueuedEvent>, reason: string, attempts: number): Promise<void> {
    const letter: z.infer<typeof letterSchema> = {
      originalEvent: job.data,
      failureReason: reason,
      failureTimestamp: Date.now(),
      attemptsMade: attempts,
      originalJobId: job.id ?? '',
    }
    await this.queues.connection.sadd(this.key, queue)
    // The id makes sure that a job is stored once, even if the server dies before the job has left its queue.
    await this.queues
      .get(`${queue}${DLQ_SUFFIX}`)
      .add(`${job.data.topic}${DLQ_SUFFIX}`, letter, { jobId: `dlq-${job.id}` })
    warnOfDeadLetter(queue, attempts, reason)
  }

  async list(): Promise<DeadLetter[]> {
    return this.health.ask(async () => {
      const letters: DeadLetter[] = []
      for (const queue of (await this.queues.connection.smembers(this.key)).toSorted()) {
        const jobs: Job[] = await this.queues.get(`${queue}${DLQ_SUFFIX}`).getJobs(['waiting', 'paused'], 0, -1, true)
        for (const job of jobs) letters.push(...letterOf(queue, job))
      }
      return letters
    })
  }

  async counts(): Promise<Map<string, number>> {
    return this.health.ask(async () => {
      const names = await this.queues.connection.smembers(this.key)
      const count = (name: string) => this.queues.get(`${name}${DLQ_SUFFIX}`).getJobCountByTypes('waiting', 'paused')
      const counts = await Promise.all(names.map(async (name) => [name, await count(name)] as const))
      return new Map(counts.filter(([, many]) => many > 0))
    })
  }

  async retry(id: string): Promise<boolean> {
    return this.#take(id, async (queue, { originalEvent, originalJobId, failureTimestamp }) => {
      // A new id, because the failed job still has the first one. It is derived, so that two simultaneous retries use
      // the same.
      const jobId = `retry-${failureTimestamp}-${originalJobId.replace(/^retry-\d+-/, '')}`
      await this.queues.add(queue, originalEvent, this.configOf(queue), jobId)
    })
  }

  async discard(id: string): Promise<boolean> {
    return this.#take(id, async () => {})
  }

  /** Removes a dead letter after `use` resolves. Returns false if there is no dead letter with that id. */
  async #take(
    id: string,
    use: (queue: string, letter: z.infer<typeof letterSchema>) => Promise<void>,
  ): Promise<boolean> {
    const [queue = '', jobId = ''] = id.split(':')
    return this.health.ask(async () => {
      if (!(await this.queues.connection.sismember(this.key, queue))) return false
      const job: Job | undefined = await this.queues.get(`${queue}${DLQ_SUFFIX}`).getJob(jobId)
      const letter = letterSchema.safeParse(job?.data)
      if (!job || !letter.success) return false
      await use(queue, letter.data)
      await job.remove()
      return true
    })
  }
}

/** Returns the dead letter in a job, if it contains one. The id includes the queue's name: neither part has a colon. */
const letterOf = (queue: string, job: Job): DeadLetter[] => {
  const { success, data } = letterSchema.safeParse(job.data)
  if (!success) return []
  const { originalEvent: event, failureReason: reason, failureTimestamp: failedAt, attemptsMade: attempts } = data
  return [{ id: `${queue}:${job.id}`, queue, event, reason, failedAt, attempts }]
}
