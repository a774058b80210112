import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { isTemporary } from '../engine/delivery'
import type { Engine } from '../engine/engine'
import { observeTurns } from '../files/turns'
import type { Handler } from '../http/handler'

/** What the metrics need of the engine. */
type MeasuredEngine = Pick<Engine, 'queues' | 'deadLetters'>

/** Measures the server for Prometheus. */
export interface Metrics {
  /** Times each request that passes. */
  timeRequests: Handler
  /** Returns a handler that times each job of a step. */
  timeJobs<Job>(topic: string, step: string, handler: (job: Job) => unknown): (job: Job) => Promise<void>
  /** Times a run of a cron step. */
  timeCron(step: string, run: () => Promise<void>): Promise<void>
  /** Responds to `GET /metrics`. */
  respond: Handler
}

/** The upper bounds of the histograms, in seconds. */
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const RUN_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** The route label of requests that match no route, so that the label has few values. */
const NO_ROUTE = 'other'

/** What proxies log for a client that left before the response was complete. */
const CLIENT_LEFT = 499

/** Loads prom-client: import this module only if metrics are on. */
export const createMetrics = (engine: MeasuredEngine): Metrics => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const histogram = <Label extends string>(name: string, help: string, labelNames: Label[], buckets: number[]) =>
    new Histogram({ name: `${name}_duration_seconds`, help, labelNames, buckets, registers: [registry] })
  const requests = histogram(
    'http_request',
    'Time from a request to the end of its response.',
    ['method', 'route', 'status'],
    REQUEST_BUCKETS,
  )
  const jobs = histogram('motia_job', 'Time of each attempt of a job.', ['topic', 'step', 'result'], RUN_BUCKETS)
  const crons = histogram('motia_cron', 'Time of each run of a cron step.', ['step', 'result'], RUN_BUCKETS)
  const writes = histogram(
    'motia_write',
    'Time of each write, which several changes may share.',
    ['store'],
    REQUEST_BUCKETS,
  )
  observeTurns((store, seconds) => writes.observe({ store }, seconds))
  addQueues(registry, engine)

  return {
    timeRequests: (request, response, next) => {
      const startedAt = performance.now()
      response.once('close', () => {
        const route = request.route ? String(request.route.path) : NO_ROUTE
        const status = response.writableFinished ? response.statusCode : CLIENT_LEFT
        requests.observe({ method: request.method, route, status }, secondsSince(startedAt))
      })
      next()
    },
    timeJobs: (topic, step, handler) => (job) =>
      timed(
        async () => void (await handler(job)),
        (result, seconds) => jobs.observe({ topic, step, result }, seconds),
      ),
    timeCron: (step, run) => timed(run, (result, seconds) => crons.observe({ step, result }, seconds)),
    respond: async (_request, response, next) => {
      try {
        response.setHeader('Content-Type', registry.contentType)
        response.end(await registry.metrics())
      } catch (error) {
        next(error)
      }
    },
  }
}

/**
 * Adds metrics of queues and dead letters, counted at each request. If the engine does not respond, they are left out.
 */
const addQueues = (registry: Registry, { queues, deadLetters }: MeasuredEngine): void => {
  new Gauge({
    name: 'motia_queue_messages',
    help: 'Messages in a queue.',
    registers: [registry],
    labelNames: ['queue', 'state'] as const,
    async collect() {
      this.reset()
      for (const { name, ...counts } of await queues().catch(() => [])) {
        for (const state of ['waiting', 'active', 'delayed'] as const) this.set({ queue: name, state }, counts[state])
      }
    },
  })
  new Gauge({
    name: 'motia_dead_letters',
    help: 'Dead letters of a queue.',
    registers: [registry],
    labelNames: ['queue'] as const,
    async collect() {
      this.reset()
      const [all, counts] = await Promise.all([queues(), deadLetters.counts()]).catch(() => [[], new Map()] as const)
      for (const { name } of all) this.set({ queue: name }, 0)
      for (const [queue, count] of counts) this.set({ queue }, count)
    },
  })
}

/** `deferred`: the store was unavailable, and the job is delivered again without counting the attempt. */
type Result = 'completed' | 'failed' | 'deferred'

const timed = async (run: () => Promise<void>, note: (result: Result, seconds: number) => void): Promise<void> => {
  const startedAt = performance.now()
  try {
    await run()
    note('completed', secondsSince(startedAt))
  } catch (error) {
    note(isTemporary(error) ? 'deferred' : 'failed', secondsSince(startedAt))
    throw error
  }
}

const secondsSince = (startedAt: number): number => (performance.now() - startedAt) / 1_000
