import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import bullmqPlugin from '@motiadev/plugin-bullmq/plugin'
import { Queue, QueueEvents, Worker } from 'bullmq'
import express from 'express'
import { Redis } from 'ioredis'
import { MemoryStreamAdapterManager, type MotiaPluginBuilder, type MotiaPluginContext, NoPrinter } from 'motia'
import request from 'supertest'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createQueuesTab } from '../../../src/engine/embedded/queues-tab'
import { StepRegistry } from '../../../src/steps/step-registry'
import { buildJob, buildLetter, FakeQueues, QUEUE } from './fake-queues'

const cleanUps: (() => unknown)[] = []

afterEach(async () => {
  vi.useRealTimers()
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** Starts a plugin as Motia's server does, with its API on an express app, and records what its streams push. */
const start = (plugin: MotiaPluginBuilder, more: object = {}) => {
  const app = express().use(express.json())
  const lockedData = new StepRegistry('/nowhere', new MemoryStreamAdapterManager(), new NoPrinter())
  const pushed: unknown[] = []
  // What Motia's `createServer` does with each stream, without its sockets.
  lockedData.applyStreamWrapper((streamName, factory) => () => {
    const stream = factory()
    const { get, set, delete: remove } = stream
    stream.set = async (groupId, id, data) => {
      const isKnown = (await get.call(stream, groupId, id)) !== null
      pushed.push([isKnown ? 'update' : 'create', streamName, groupId, data])
      return set.call(stream, groupId, id, data)
    }
    stream.delete = async (groupId, id) => {
      pushed.push(['delete', streamName, groupId, id])
      return remove.call(stream, groupId, id)
    }
    return stream
  })
  const registerApi: MotiaPluginContext['registerApi'] = ({ method, path }, handler) => {
    app[method === 'GET' ? 'get' : 'post'](path, async ({ params, query, body, headers }, response) => {
      const input = { pathParams: params, queryParams: query, body, headers, rawBody: '' }
      const answer = await Reflect.apply(handler, null, [input])
      response.status(answer.status).json(answer.body)
    })
    return () => {}
  }
  // The plugins use no other part of the context.
  const context = { registerApi, lockedData, ...more } as unknown as MotiaPluginContext
  const { workbench, onShutdown } = plugin(context)
  cleanUps.push(() => onShutdown?.())
  const join = async () => lockedData.getStreams()['__motia.bullmq-queues']?.().getGroup('default')
  return { app, workbench, pushed, join }
}

const startTab = (isWatched = () => true) => {
  const queues = new FakeQueues()
  return { queues, ...start(createQueuesTab(queues, isWatched)) }
}

const path = (...parts: string[]) => `/__motia/bullmq/${parts.map(encodeURIComponent).join('/')}`

describe('the HTTP API of the Queues tab', () => {
  test('When there are queues and dead letters, then both are listed, the dead letters as a queue of their own', async () => {
    const { app, queues } = startTab()
    queues.jobList = [buildJob('1', 'waiting'), buildJob('2', 'failed')]
    queues.letters = [buildLetter('a'), buildLetter('b'), buildLetter('c', 'gone.Step')]
    const { body } = await request(app).get(path('queues')).expect(200)
    const none = { waiting: 0, active: 0, completed: 0, failed: 0, delayed: 0, paused: 0, prioritized: 0 }
    const queue = (name: string, more: object) => ({ name, displayName: name, isPaused: false, isDLQ: false, ...more })
    expect(body.queues).toEqual([
      queue(QUEUE, { stats: { ...none, waiting: 1, failed: 1 } }),
      queue(`${QUEUE}.dlq`, { isDLQ: true, stats: { ...none, waiting: 2 } }),
      queue('gone.Step.dlq', { isDLQ: true, stats: { ...none, waiting: 1 } }),
    ])
    await request(app).get(path('queues', QUEUE)).expect(200, body.queues[0])
    await request(app).get(path('queues', 'gone.Step.dlq')).expect(200, body.queues[2])
    await request(app).get(path('queues', 'nobody')).expect(404, { error: 'Queue not found' })
  })

  test('When a page pauses and resumes a queue, then the queue stops and starts again', async () => {
    const { app, queues } = startTab()
    await request(app)
      .post(path('queues', QUEUE, 'pause'))
      .expect(200, { message: 'Queue paused' })
    expect(queues.isPaused).toBe(true)
    await request(app)
      .post(path('queues', QUEUE, 'resume'))
      .expect(200, { message: 'Queue resumed' })
    expect(queues.isPaused).toBe(false)
    await request(app)
      .post(path('queues', 'nobody', 'pause'))
      .expect(404, { error: 'Queue not found' })
  })

  test('When jobs are requested, then those of the state and the page are returned', async () => {
    const { app, queues } = startTab()
    queues.jobList = [...['1', '2', '3', '4'].map((id) => buildJob(id, 'waiting')), buildJob('5', 'delayed')]
    const ids = async (query: string) => {
      const { body } = await request(app)
        .get(`${path('queues', QUEUE, 'jobs')}${query}`)
        .expect(200)
      return body.jobs.map(({ id }: { id: string }) => id)
    }
    expect(await ids('')).toEqual(['1', '2', '3', '4'])
    expect(await ids('?status=waiting&start=1&end=2')).toEqual(['2', '3'])
    expect(await ids('?status=delayed')).toEqual(['5'])
    expect(await ids('?status=prioritized')).toEqual([])
  })

  test('When a delayed job is requested, then it has its delay, by which the page knows that it is delayed', async () => {
    const { app, queues } = startTab()
    queues.jobList = [buildJob('5', 'delayed')]
    const { body } = await request(app)
      .get(path('queues', QUEUE, 'jobs', '5'))
      .expect(200)
    expect(body).toMatchObject({ delay: 60_000, opts: { attempts: 4 }, data: { data: { petId: '1' } } })
  })

  test('When jobs are cleaned or drained, then the options of the page apply, or the defaults of BullMQ', async () => {
    const { app, queues } = startTab()
    queues.jobList = [buildJob('1', 'completed'), buildJob('2', 'failed')]
    const clean = (body: object) =>
      request(app)
        .post(path('queues', QUEUE, 'clean'))
        .send(body)
    await clean({ status: 'failed', grace: 5, limit: 7 }).expect(200, { deleted: 1, ids: ['2'] })
    await clean({}).expect(200, { deleted: 1, ids: ['1'] })
    await clean({ status: 'prioritized' }).expect(400)
    await request(app)
      .post(path('queues', QUEUE, 'drain'))
      .expect(200, { message: 'Queue drained' })
    expect(queues.calls).toEqual([
      ['clean', QUEUE, 'failed', 5, 7],
      ['clean', QUEUE, 'completed', 0, 1_000],
      ['drain', QUEUE],
    ])
  })

  test.each([
    ['retry', 'failed', 'Job retried'],
    ['remove', 'waiting', 'Job removed'],
    ['promote', 'delayed', 'Job promoted'],
  ] as const)(
    'When it is told to %s a job that is %s, then it does; an unknown one is a 404, an active one a 409',
    async (verb, state, message) => {
      const { app, queues } = startTab()
      queues.jobList = [buildJob('1', state), buildJob('2', 'active')]
      const change = (id: string) => request(app).post(path('queues', QUEUE, 'jobs', id, verb))
      await change('1').expect(200, { message })
      expect(queues.calls).toEqual([[verb, QUEUE, '1']])
      await change('9').expect(404, { error: 'Job not found' })
      await change('2').expect(409, { error: `Cannot ${verb} a job that is active` })
    },
  )

  test('When dead letters are listed, retried or cleared, then only those of the queue are, by either name', async () => {
    const { app, queues } = startTab()
    queues.letters = ['a', 'b', 'c', 'd'].map((id) => buildLetter(id)).concat(buildLetter('x', 'other.Step'))
    const { body } = await request(app)
      .get(path('dlq', `${QUEUE}.dlq`, 'jobs'))
      .expect(200)
    expect(body.jobs).toMatchObject(
      ['a', 'b', 'c', 'd'].map((id) => ({ id, failureReason: 'no food', attemptsMade: 4 })),
    )
    await request(app)
      .get(path('dlq', QUEUE, 'jobs'))
      .expect(200, body)

    await request(app)
      .post(path('dlq', QUEUE, 'retry', 'x'))
      .expect(404, { error: 'Dead letter not found' })
    await request(app)
      .post(path('dlq', QUEUE, 'retry', 'b'))
      .expect(200, { message: 'Job retried from DLQ' })
    queues.letters.push(buildLetter('e'))
    await request(app)
      .post(path('dlq', QUEUE, 'retry-all'))
      .expect(200, { message: 'Retried 4 jobs from DLQ', count: 4 })
    queues.letters.push(buildLetter('f'))
    await request(app)
      .post(path('dlq', `${QUEUE}.dlq`, 'clear'))
      .expect(200, { message: 'DLQ cleared' })

    expect(queues.letters.map(({ id }) => id)).toEqual(['x'])
    const retried = ['b', 'a', 'c', 'd', 'e'].map((id) => ['retry letter', id])
    expect(queues.calls).toEqual([...retried, ['discard letter', 'f']])
  })

  test('When the dead letters cannot be read, then it responds with the error', async () => {
    const { app, queues } = startTab()
    queues.deadLetters.counts = async () => Promise.reject(new Error('the disk is gone'))
    await request(app).get(path('queues')).expect(500, { error: 'the disk is gone' })
  })
})

describe('the stream of the Queues tab', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  })

  test('When a Workbench joins, then it gets every queue', async () => {
    const { queues, join } = startTab()
    queues.letters = [buildLetter('a')]
    expect(await join()).toMatchObject([{ id: QUEUE }, { id: `${QUEUE}.dlq`, isDLQ: true }])
  })

  test('When something changes, then the change is pushed once: as a new, a changed or a removed item', async () => {
    const { queues, join, pushed } = startTab()
    await join()
    pushed.length = 0

    await vi.advanceTimersByTimeAsync(1_000)
    expect(pushed).toEqual([])

    queues.letters = [buildLetter('a')]
    await vi.advanceTimersByTimeAsync(1_000)
    queues.letters = [buildLetter('a'), buildLetter('b')]
    queues.jobList = [buildJob('1', 'waiting')]
    await vi.advanceTimersByTimeAsync(1_000)
    queues.letters = []
    await vi.advanceTimersByTimeAsync(1_000)

    const item = (kind: string, name: string) => [
      kind,
      '__motia.bullmq-queues',
      'default',
      expect.objectContaining({ name }),
    ]
    expect(pushed).toEqual([
      item('create', `${QUEUE}.dlq`),
      item('update', QUEUE),
      item('update', `${QUEUE}.dlq`),
      ['delete', '__motia.bullmq-queues', 'default', `${QUEUE}.dlq`],
    ])
  })

  test('When no Workbench is open, then nothing is read', async () => {
    const { queues, pushed } = startTab(() => false)
    const look = vi.spyOn(queues, 'queues')
    queues.jobList = [buildJob('1', 'waiting')]
    await vi.advanceTimersByTimeAsync(5_000)
    expect(look).not.toHaveBeenCalled()
    expect(pushed).toEqual([])
  })
})

describe('beside plugin-bullmq on a real Redis', () => {
  /** Starts a Redis without a port; returns its socket, which is there soon. */
  const startRedis = (): string => {
    const dir = mkdtempSync(join(tmpdir(), 'queues-tab-'))
    cleanUps.push(() => rmSync(dir, { recursive: true, force: true }))
    const socket = join(dir, 'redis.sock')
    const redis = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', dir])
    cleanUps.push(() => redis.kill('SIGKILL'))
    return socket
  }

  /** Fills BullMQ's queues with a job in every state; returns the jobs' ids by state. */
  const fill = async (connection: Redis, prefix: string): Promise<Record<string, string>> => {
    const queue = new Queue(QUEUE, { connection, prefix })
    const letters = new Queue(`${QUEUE}.dlq`, { connection, prefix })
    const events = new QueueEvents(QUEUE, { connection: connection.duplicate(), prefix })
    const add = async (data: object, delay = 0) =>
      String((await queue.add('pet.created', data, { attempts: 1, delay })).id)
    const event = { topic: 'pet.created', data: { petId: '1' }, traceId: 'T1', flows: ['pets'] }
    const worker = new Worker(
      QUEUE,
      async ({ data }) => {
        if (data.data.petId === 'bad') throw new Error('no food')
      },
      { connection: connection.duplicate(), prefix },
    )
    await events.waitUntilReady()
    const ended = new Promise((resolve) => events.once('failed', resolve))
    const completed = await add(event)
    const failed = await add({ ...event, data: { petId: 'bad' } })
    await ended
    await worker.close()
    const waiting = await add(event)
    const delayed = await add(event, 60_000)
    const letter = { originalEvent: event, failureReason: 'no food', failureTimestamp: 3_000, attemptsMade: 4 }
    for (let count = 0; count < 2; count += 1) await letters.add('pet.created.dlq', letter)
    const [first] = await letters.getWaiting()
    for (const part of [queue, letters, events]) await part.close()
    return { completed, failed, waiting, delayed, letter: String(first?.id) }
  }

  /** The form of a response: its status, and the type of each value. Texts that the page shows stay what they are. */
  const formOf = (value: unknown, key = ''): unknown => {
    if (Array.isArray(value)) return value.slice(0, 1).map((entry) => formOf(entry))
    if (key === 'message' || key === 'status') return value
    if (typeof value !== 'object' || value === null) return typeof value
    // A job's own `delay` is what the page looks for; plugin-bullmq does not send it.
    const entries = Object.entries(value).filter(([name]) => name !== 'delay' || !('stacktrace' in value))
    return Object.fromEntries(entries.map(([name, part]) => [name, formOf(part, name)]))
  }

  test('When the page makes every call that it can make, then the responses have the form that it knows', async () => {
    const connection = new Redis(startRedis(), { maxRetriesPerRequest: null })
    // The Redis is not there yet.
    connection.on('error', () => {})
    cleanUps.push(() => connection.disconnect())
    await connection.ping()
    const prefix = 'test'
    const theirIds = await fill(connection, prefix)
    const theirs = start(bullmqPlugin, { eventAdapter: { connection, prefix, dlqSuffix: '.dlq' } })
    const ours = startTab()
    for (const state of ['waiting', 'delayed', 'completed', 'failed'] as const)
      ours.queues.jobList.push(buildJob(state, state))
    ours.queues.letters = [buildLetter('letter'), buildLetter('second')]
    const ourIds = {
      waiting: 'waiting',
      delayed: 'delayed',
      completed: 'completed',
      failed: 'failed',
      letter: 'letter',
    }

    const calls = (ids: Record<string, string>): [method: 'get' | 'post', url: string, body?: object][] => [
      ['get', path('queues')],
      ['get', path('queues', QUEUE)],
      ['get', path('queues', `${QUEUE}.dlq`)],
      ...['waiting', 'active', 'delayed', 'completed', 'failed'].map((state): ['get', string] => [
        'get',
        `${path('queues', QUEUE, 'jobs')}?status=${state}&start=0&end=100`,
      ]),
      ['get', path('queues', QUEUE, 'jobs', `${ids.failed}`)],
      ['get', path('queues', QUEUE, 'jobs', 'nothing')],
      ['post', path('queues', QUEUE, 'pause')],
      ['post', path('queues', QUEUE, 'resume')],
      ['post', path('queues', QUEUE, 'jobs', `${ids.delayed}`, 'promote')],
      ['post', path('queues', QUEUE, 'jobs', `${ids.failed}`, 'retry')],
      ['post', path('queues', QUEUE, 'jobs', 'nothing', 'retry')],
      ['post', path('queues', QUEUE, 'jobs', `${ids.waiting}`, 'remove')],
      ['post', path('queues', QUEUE, 'clean'), { status: 'completed', grace: 0, limit: 1_000 }],
      ['post', path('queues', QUEUE, 'drain')],
      ['get', `${path('dlq', `${QUEUE}.dlq`, 'jobs')}?start=0&end=100`],
      ['post', path('dlq', `${QUEUE}.dlq`, 'retry', `${ids.letter}`)],
      ['post', path('dlq', `${QUEUE}.dlq`, 'retry', 'nothing')],
      ['post', path('dlq', `${QUEUE}.dlq`, 'retry-all')],
      ['post', path('dlq', `${QUEUE}.dlq`, 'clear')],
    ]
    const formsOf = async (app: express.Express, list: ReturnType<typeof calls>) => {
      const forms: unknown[] = []
      for (const [index, [method, url, body]] of list.entries()) {
        const answer = await request(app)[method](url).send(body)
        forms.push({ call: index, ...Object(formOf({ status: answer.status, body: answer.body })) })
      }
      return forms
    }
    expect(await formsOf(ours.app, calls(ourIds))).toEqual(await formsOf(theirs.app, calls(theirIds)))
    expect(ours.workbench).toEqual(theirs.workbench)
    expect(formOf(await ours.join())).toEqual(formOf(await theirs.join()))
  })
})
