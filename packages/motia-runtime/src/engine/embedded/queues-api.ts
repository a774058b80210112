import type { ApiRequest, ApiResponse, ApiRouteMethod, MotiaPluginContext } from 'motia'
import { z } from 'zod'
import { errorMessage } from '../../errors'
import { type DeadLetter, DLQ_SUFFIX } from '../engine'
import type { QueueInspector } from './inspector'
import { tabDeadLetter, tabJob, tabQueues } from './queues-view'

type Answer = ApiResponse<number, unknown>
type Handler = (request: ApiRequest<unknown>) => Answer | Promise<Answer>

const jobState = z.enum(['waiting', 'active', 'delayed', 'completed', 'failed'])

/** BullMQ's page: both ends are inclusive. */
const page = z.object({
  start: z.coerce.number().int().min(0).catch(0),
  end: z.coerce.number().int().min(0).catch(100),
})

const cleanOptions = z.object({
  grace: z.number().min(0).default(0),
  limit: z.number().int().min(0).default(1_000),
  status: jobState.default('completed'),
})

const ok = (body: unknown): Answer => ({ status: 200, body })
const notFound = (what: string): Answer => ({ status: 404, body: { error: `${what} not found` } })

/**
 * Registers the HTTP API of Motia's Queues tab on the embedded queues: the same routes, bodies and responses as
 * `@motiadev/plugin-bullmq`. It differs in one thing: an unknown queue is a 404 there too.
 */
export const registerQueuesApi = (registerApi: MotiaPluginContext['registerApi'], inspector: QueueInspector): void => {
  const { deadLetters } = inspector

  const route = (method: ApiRouteMethod, path: string, handle: Handler): void => {
    registerApi({ method, path: `/__motia/bullmq/${path}` }, async (request) => {
      try {
        return await handle(request)
      } catch (error) {
        return { status: 500, body: { error: errorMessage(error) } }
      }
    })
  }

  const queues = async () => tabQueues(inspector.queues(), await deadLetters.counts())
  const lettersOf = async (queue: string): Promise<DeadLetter[]> =>
    (await deadLetters.list()).filter((letter) => letter.queue === queue)

  /** Registers a route that changes a queue. `message` is the response if it did. */
  const queueRoute = (path: string, message: string, change: (queue: string) => boolean): void =>
    route('POST', `queues/:name/${path}`, ({ pathParams: { name = '' } }) =>
      change(name) ? ok({ message }) : notFound('Queue'),
    )

  /** Registers a route that changes a job. `message` is the response if it did. */
  const jobRoute = (path: string, message: string, change: (queue: string, id: string) => boolean): void =>
    route('POST', `queues/:name/jobs/:id/${path}`, ({ pathParams: { name = '', id = '' } }) => {
      const job = inspector.job(name, id)
      if (!job) return notFound('Job')
      if (change(name, id)) return ok({ message })
      return { status: 409, body: { error: `Cannot ${path} a job that is ${job.state}` } }
    })

  route('GET', 'queues', async () => {
    const withoutId = (await queues()).map(({ id, ...queue }) => queue)
    return ok({ queues: withoutId })
  })
  route('GET', 'queues/:name', async ({ pathParams }) => {
    const found = (await queues()).find(({ name }) => name === pathParams.name)
    if (!found) return notFound('Queue')
    const { id, ...queue } = found
    return ok(queue)
  })
  queueRoute('pause', 'Queue paused', (queue) => inspector.pause(queue))
  queueRoute('resume', 'Queue resumed', (queue) => inspector.resume(queue))
  queueRoute('drain', 'Queue drained', (queue) => inspector.drain(queue))
  route('POST', 'queues/:name/clean', ({ pathParams: { name = '' }, body }) => {
    const options = cleanOptions.safeParse(body ?? {})
    if (!options.success) return { status: 400, body: { error: z.prettifyError(options.error) } }
    const { grace, limit, status } = options.data
    const ids = inspector.clean(name, status, grace, limit)
    return ok({ deleted: ids.length, ids })
  })
  route('GET', 'queues/:name/jobs', ({ pathParams: { name = '' }, queryParams }) => {
    const { start, end } = page.parse(queryParams)
    // The embedded queues lack some of BullMQ's states. No job is in one of those.
    const state = jobState.safeParse(queryParams.status || 'waiting')
    const jobs = state.success ? inspector.jobs(name, state.data).slice(start, end + 1) : []
    return ok({ jobs: jobs.map(tabJob) })
  })
  route('GET', 'queues/:name/jobs/:id', ({ pathParams: { name = '', id = '' } }) => {
    const job = inspector.job(name, id)
    return job ? ok(tabJob(job)) : notFound('Job')
  })
  jobRoute('retry', 'Job retried', (queue, id) => inspector.retry(queue, id))
  jobRoute('remove', 'Job removed', (queue, id) => inspector.remove(queue, id))
  jobRoute('promote', 'Job promoted', (queue, id) => inspector.promote(queue, id))

  /** Returns the name of the queue. The tab names a queue's dead letters with or without the suffix. */
  const queueOf = ({ pathParams: { name = '' } }: ApiRequest<unknown>): string =>
    name.endsWith(DLQ_SUFFIX) ? name.slice(0, -DLQ_SUFFIX.length) : name

  route('GET', 'dlq/:name/jobs', async (request) => {
    const { start, end } = page.parse(request.queryParams)
    return ok({ jobs: (await lettersOf(queueOf(request))).slice(start, end + 1).map(tabDeadLetter) })
  })
  route('POST', 'dlq/:name/retry/:id', async (request) => {
    const letter = (await lettersOf(queueOf(request))).find(({ id }) => id === request.pathParams.id)
    const isRetried = letter !== undefined && (await deadLetters.retry(letter.id))
    return isRetried ? ok({ message: 'Job retried from DLQ' }) : notFound('Dead letter')
  })
  route('POST', 'dlq/:name/retry-all', async (request) => {
    let count = 0
    for (const { id } of await lettersOf(queueOf(request))) if (await deadLetters.retry(id)) count += 1
    return ok({ message: `Retried ${count} jobs from DLQ`, count })
  })
  route('POST', 'dlq/:name/clear', async (request) => {
    for (const { id } of await lettersOf(queueOf(request))) await deadLetters.discard(id)
    return ok({ message: 'DLQ cleared' })
  })
}
