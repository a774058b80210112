import { once } from 'node:events'
import { createServer, request as httpRequest, type RequestListener } from 'node:http'
import express from 'express'
import request from 'supertest'
import { expect, test } from 'vitest'
import { waitFor } from '../../../../tests/support/wait-for'
import { Turns } from '../../src/files/turns'
import { configureRoutes } from '../../src/http/routes'
import { createMetrics } from '../../src/metrics/metrics'
import { listen } from '../http/listen'

const noEngine: Parameters<typeof createMetrics>[0] = {
  queues: async () => [],
  deadLetters: {
    list: async () => [],
    counts: async () => new Map(),
    retry: async () => false,
    discard: async () => false,
  },
}

const makeMetrics = (engine = noEngine) => createMetrics(engine)

/** The lines of a metric, without its buckets. */
const linesOf = async (metrics: ReturnType<typeof makeMetrics>, name: string): Promise<string[]> => {
  const app = express().get('/metrics', metrics.respond)
  const { text } = await request(app)
    .get('/metrics')
    .expect(200)
    .expect('Content-Type', /^text\/plain;.* version=0\.0\.4/)
  return text.split('\n').filter((line) => line.startsWith(name) && !/_(bucket|sum)\{/.test(line))
}

/** An app with one step, which responds with the status that its path ends with, or never. */
const makeApp = (metrics: ReturnType<typeof makeMetrics>): RequestListener =>
  configureRoutes(express(), {
    lockedData: {
      apiSteps: () => [
        {
          filePath: 'steps/a.step.ts',
          version: '1',
          config: { type: 'api', name: 'A', method: 'GET', path: '/pets/:status', emits: [] },
        },
      ],
      onStep: () => {},
    },
    isProduction: true,
    guard: ({ headers }, response, next) => void (headers.origin ? response.writeHead(403).end() : next()),
    health: () => ({ status: 200, body: {} }),
    invalidJson: () => ({}),
    answer: () => (request, response) =>
      void (request.params.status === 'never' || response.writeHead(Number(request.params.status)).end()),
    metrics,
  })

test('When requests end, then each is counted by method, pattern of its route and status', async () => {
  const metrics = makeMetrics()
  const app = makeApp(metrics)
  for (const status of [200, 200, 404]) await request(app).get(`/pets/${status}`).expect(status)
  await request(app).delete('/pets/7').expect(405)
  await request(app).get('/livez').expect(200)
  expect(await linesOf(metrics, 'http_request_duration_seconds_count')).toEqual([
    'http_request_duration_seconds_count{method="GET",route="/pets/:status",status="200"} 2',
    'http_request_duration_seconds_count{method="GET",route="/pets/:status",status="404"} 1',
    'http_request_duration_seconds_count{method="DELETE",route="/pets/:status",status="405"} 1',
    'http_request_duration_seconds_count{method="GET",route="/livez",status="200"} 1',
  ])
})

test('When paths are unknown, or the guard refuses a request, then they share one route', async () => {
  const metrics = makeMetrics()
  const app = makeApp(metrics)
  for (const path of ['/a', '/b', '/pets']) await request(app).get(path).expect(404)
  await request(app).get('/pets/200').set('Origin', 'http://evil.example').expect(403)
  expect(await linesOf(metrics, 'http_request_duration_seconds_count')).toEqual([
    'http_request_duration_seconds_count{method="GET",route="other",status="404"} 3',
    'http_request_duration_seconds_count{method="GET",route="other",status="403"} 1',
  ])
})

test('When a client leaves before the response, then its request has the status 499', async () => {
  const metrics = makeMetrics()
  const server = createServer(makeApp(metrics)).listen(0, '127.0.0.1')
  const client = httpRequest({ port: await listen(server), path: '/pets/never' }).on('error', () => {})
  client.end()
  await once(server, 'request')
  client.destroy()
  const counts = () => linesOf(metrics, 'http_request_duration_seconds_count')
  await waitFor(async () => (await counts()).length === 1, { what: 'the request to be counted' })
  expect(await counts()).toEqual([expect.stringContaining('route="/pets/:status",status="499"} 1')])
})

test('When jobs and cron steps run, then they are counted by result, and errors are passed on', async () => {
  const metrics = makeMetrics()
  const failing = (error: Error) => async () => {
    throw error
  }
  const away = Object.assign(new Error('away'), { isTemporary: true })
  await metrics.timeJobs('pet.created', 'Audit', () => 'done')({})
  await expect(metrics.timeJobs('pet.created', 'Audit', failing(new Error('no')))({})).rejects.toThrow('no')
  await expect(metrics.timeJobs('pet.created', 'Audit', failing(away))({})).rejects.toThrow('away')
  await metrics.timeCron('Reaper', async () => {})
  await expect(metrics.timeCron('Reaper', failing(new Error('no')))).rejects.toThrow('no')
  expect(await linesOf(metrics, 'motia_job_duration_seconds_count')).toEqual([
    'motia_job_duration_seconds_count{topic="pet.created",step="Audit",result="completed"} 1',
    'motia_job_duration_seconds_count{topic="pet.created",step="Audit",result="failed"} 1',
    'motia_job_duration_seconds_count{topic="pet.created",step="Audit",result="deferred"} 1',
  ])
  expect(await linesOf(metrics, 'motia_cron_duration_seconds_count')).toEqual([
    'motia_cron_duration_seconds_count{step="Reaper",result="completed"} 1',
    'motia_cron_duration_seconds_count{step="Reaper",result="failed"} 1',
  ])
})

test('When metrics are asked for, then queues and dead letters are counted at that moment', async () => {
  let waiting = 3
  let letters = new Map([['a.B', 2]])
  const metrics = makeMetrics({
    queues: async () => [{ name: 'a.B', waiting, active: 1, delayed: 0, completed: 9, failed: 9 }],
    deadLetters: { ...noEngine.deadLetters, counts: async () => letters },
  })
  expect(await linesOf(metrics, 'motia_queue_messages')).toEqual([
    'motia_queue_messages{queue="a.B",state="waiting"} 3',
    'motia_queue_messages{queue="a.B",state="active"} 1',
    'motia_queue_messages{queue="a.B",state="delayed"} 0',
  ])
  expect(await linesOf(metrics, 'motia_dead_letters')).toEqual(['motia_dead_letters{queue="a.B"} 2'])
  waiting = 0
  letters = new Map()
  expect(await linesOf(metrics, 'motia_queue_messages')).toContain(
    'motia_queue_messages{queue="a.B",state="waiting"} 0',
  )
  expect(await linesOf(metrics, 'motia_dead_letters')).toEqual(['motia_dead_letters{queue="a.B"} 0'])
})

test('When the engine does not respond, then the other metrics are there, the process and the event loop among them', async () => {
  const away = () => Promise.reject(new Error('Redis does not respond'))
  const engine = { queues: away, deadLetters: { ...noEngine.deadLetters, counts: away } }
  const metrics = makeMetrics(engine)
  expect(await linesOf(metrics, 'motia_')).toEqual([])
  expect(await linesOf(metrics, 'process_resident_memory_bytes')).toHaveLength(1)
  expect(await linesOf(metrics, 'nodejs_eventloop_lag_p99_seconds')).toHaveLength(1)
})

test('When changes are written, then each turn counts once, by the name of its store', async () => {
  const metrics = makeMetrics()
  const turns = new Turns<() => void>('pets', async (works) => {
    for (const done of works) done()
  })
  const write = () => new Promise<void>((resolve) => turns.add(resolve))
  await Promise.all([write(), write()])
  await write()
  await turns.flush()
  expect(await linesOf(metrics, 'motia_write_duration_seconds_count')).toEqual([
    'motia_write_duration_seconds_count{store="pets"} 2',
  ])
})
