import type { ApiRequest, ApiResponse, MotiaPluginContext } from 'motia'
import { z } from 'zod'
import { errorMessage } from '../../errors'
import { type DeadLetter, type DeadLetters, DLQ_SUFFIX } from '../engine'
import type { QueueInspector } from './inspector'
import { tabDeadLetter, tabJob, tabQueues } from './queues-view'

type Answer = ApiResponse<number, unknown>
type Request = ApiRequest<unknown>
type Route = [method: 'GET' | 'POST', path: string, handle: (request: Request) => Answer | Promise<Answer>]

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
  const routes = [...queueRoutes(inspector), ...jobRoutes(inspector), ...deadLetterRoutes(inspector.deadLetters)]
  for (const [method, path, handle] of routes) {
    registerApi({ method, path: `/__motia/bullmq/${path}` }, async (request) => {
      try {
        return await handle(request)
      } catch (error) {
        return { status: 500, body: { error: errorMessage(error) } }
      }
    })
  }
}

const queueRoutes = (inspector: QueueInspector): Route[] => {
  const queues = async () =>
    tabQueues(inspector.queues(), await inspector.deadLetters.counts()).map(({ id, ...queue }) => queue)
  /** Returns a route that changes a queue. `message` is the response if it did. */
  const change = (path: string, message: string, run: (queue: string) => boolean): Route => [
    'POST',
    `queues/:name/${path}`,
    ({ pathParams: { name = '' } }) => (run(name) ? ok({ message }) : notFound('Queue')),
  ]
  const one = async ({ pathParams }: Request): Promise<Answer> => {
    const found = (await queues()).find(({ name }) => name === pathParams.name)
    return found ? ok(found) : notFound('Queue')
  }
  const clean = ({ pathParams: { name = '' }, body }: Request): Answer => {
    const options = cleanOptions.safeParse(body ?? {})
    if (!options.success) return { status: 400, body: { error: z.prettifyError(options.error) } }
    const { grace, limit, status } = options.data
    const ids = inspector.clean(name, status, grace, limit)
    return ok({ deleted: ids.length, ids })
  }
  return [
    ['GET', 'queues', async () => ok({ queues: await queues() })],
    ['GET', 'queues/:name', one],
    change('pause', 'Queue paused', (queue) => inspector.pause(queue)),
    change('resume', 'Queue resumed', (queue) => inspector.resume(queue)),
    change('drain', 'Queue drained', (queue) => inspector.drain(queue)),
    ['POST', 'queues/:name/clean', clean],
  ]
}

const jobRoutes = (inspector: QueueInspector): Route[] => {
  /** Returns a route that changes a job. `message` is the response if it did. */
  const change = (path: string, message: string, run: (queue: string, id: string) => boolean): Route => [
    'POST',
    `queues/:name/jobs/:id/${path}`,
    ({ pathParams: { name = '', id = '' } }) => {
      const job = inspector.job(name, id)
      if (!job) return notFound('Job')
      if (run(name, id)) return ok({ message })
      return { status: 409, body: { error: `Cannot ${path} a job that is ${job.state}` } }
    },
  ]
  const list = ({ pathParams: { name = '' }, queryParams }: Request): Answer => {
    const { start, end } = page.parse(queryParams)
    // The embedded queues lack some of BullMQ's states. No job is in one of those.
    const state = jobState.safeParse(queryParams.status || 'waiting')
    const jobs = state.success ? inspector.jobs(name, state.data).slice(start, end + 1) : []
    return ok({ jobs: jobs.map(tabJob) })
  }
  const one = ({ pathParams: { name = '', id = '' } }: Request): Answer => {
    const job = inspector.job(name, id)
    return job ? ok(tabJob(job)) : notFound('Job')
  }
  return [
    ['GET', 'queues/:name/jobs', list],
    ['GET', 'queues/:name/jobs/:id', one],
    change('retry', 'Job retried', (queue, id) => inspector.retry(queue, id)),
    change('remove', 'Job removed', (queue, id) => inspector.remove(queue, id)),
    change('promote', 'Job promoted', (queue, id) => inspector.promote(queue, id)),
  ]
}

const deadLetterRoutes = (deadLetters: DeadLetters): Route[] => {
  /** Returns those of the queue in the path, which the tab names with or without the suffix. */
  const lettersOf = async ({ pathParams: { name = '' } }: Request): Promise<DeadLetter[]> => {
    const wanted = name.endsWith(DLQ_SUFFIX) ? name.slice(0, -DLQ_SUFFIX.length) : name
    return (await deadLetters.list()).filter(({ queue }) => queue === wanted)
  }
  const list = async (request: Request): Promise<Answer> => {
    const { start, end } = page.parse(request.queryParams)
    return ok({ jobs: (await lettersOf(request)).slice(start, end + 1).map(tabDeadLetter) })
  }
  const retry = async (request: Request): Promise<Answer> => {
    const letter = (await lettersOf(request)).find(({ id }) => id === request.pathParams.id)
    const isRetried = letter !== undefined && (await deadLetters.retry(letter.id))
    return isRetried ? ok({ message: 'Job retried from DLQ' }) : notFound('Dead letter')
  }
  const retryAll = async (request: Request): Promise<Answer> => {
    let count = 0
    for (const { id } of await lettersOf(request)) if (await deadLetters.retry(id)) count += 1
    return ok({ message: `Retried ${count} jobs from DLQ`, count })
  }
  const clear = async (request: Request): Promise<Answer> => {
    for (const { id } of await lettersOf(request)) await deadLetters.discard(id)
    return ok({ message: 'DLQ cleared' })
  }
  return [
    ['GET', 'dlq/:name/jobs', list],
    ['POST', 'dlq/:name/retry/:id', retry],
    ['POST', 'dlq/:name/retry-all', retryAll],
    ['POST', 'dlq/:name/clear', clear],
  ]
}
