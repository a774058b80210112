import { Queue } from 'bullmq'
import type { Event } from 'motia'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startRedis, type TestRedis } from '../../../../../tests/support/redis'
import { waitFor } from '../../../../../tests/support/wait-for'
import { buildEvent, gate, queueConfig, recorder } from '../engine-world'
import { newPrefix, openTestEngine, recordConsole } from './test-engine'

let redis: TestRedis

beforeAll(async () => {
  redis = await startRedis()
})

/** Opens a queue as the Workbench or another tool would. */
const openQueue = (prefix: string, name: string): Queue => {
  const queue = new Queue(name, { connection: { port: redis.port }, prefix: `${prefix}:queues` })
  onTestFinished(() => queue.close())
  return queue
}

describe('jobs', () => {
  test('When an event is emitted, then nothing runs before the start, and its job has the name and form that Motia uses', async () => {
    const prefix = newPrefix()
    const engine = await openTestEngine(redis, { prefix })
    const { received, handler } = recorder()
    await engine.events.subscribe('job', 'Step', handler, queueConfig({ maxRetries: 2 }))
    await engine.events.emit(buildEvent())
    const jobs = await openQueue(prefix, 'job.Step').getJobs('waiting')
    expect(jobs).toMatchObject([{ name: 'job', data: buildEvent(), opts: { attempts: 3 } }])
    expect(received).toEqual([])
    await engine.start()
    await waitFor(() => received.length === 1)
  })

  test('When a job fails for good, then its dead letter has the name and form that Motia uses', async () => {
    const prefix = newPrefix()
    recordConsole()
    const engine = await openTestEngine(redis, { prefix })
    await engine.events.subscribe('job', 'Step', () => Promise.reject('no error object'), queueConfig())
    await engine.start()
    await engine.events.emit(buildEvent({ id: 'event-1' }))
    const queue = openQueue(prefix, 'job.Step.dlq')
    const [letter] = await waitFor(async () => {
      const jobs = await queue.getJobs('waiting')
      return jobs.length > 0 && jobs
    })
    expect(letter).toMatchObject({
      name: 'job.dlq',
      data: {
        originalEvent: buildEvent({ id: 'event-1' }),
        ...{ failureReason: 'no error object', failureTimestamp: expect.any(Number), attemptsMade: 1 },
        originalJobId: expect.any(String),
      },
    })
  })

  test('When 300 events are emitted at once, then no warning of a leak is raised', async () => {
    const engine = await openTestEngine(redis)
    const warnings: string[] = []
    const note = ({ name }: Error) => warnings.push(name)
    process.on('warning', note)
    onTestFinished(() => void process.off('warning', note))
    await engine.events.subscribe('job', 'Step', () => {}, queueConfig())
    await Promise.all(Array.from({ length: 300 }, (_, index) => engine.events.emit(buildEvent({ data: index }))))
    await new Promise(setImmediate)
    expect(warnings).toEqual([])
  })

  test('When a subscription ends while its worker still connects, then no rejection is unhandled', async () => {
    const { events } = await openTestEngine(redis)
    const unhandled: unknown[] = []
    const note = (error: unknown) => unhandled.push(error)
    process.on('unhandledRejection', note)
    onTestFinished(() => void process.off('unhandledRejection', note))
    for (let turns = 0; turns < 40; turns++) {
      const subscription = await events.subscribe('job', `Step${turns}`, () => {}, queueConfig())
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
      await subscription.unsubscribe()
    }
    expect(unhandled).toEqual([])
  })

  test('When a fifo queue has workers on two servers, then one job runs at a time, in order', async () => {
    const prefix = newPrefix()
    const engines = [await openTestEngine(redis, { prefix }), await openTestEngine(redis, { prefix })]
    const order: unknown[] = []
    let running = 0
    let most = 0
    const handler = async ({ data }: Event<unknown>) => {
      running += 1
      most = Math.max(most, running)
      order.push(data)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running -= 1
    }
    for (const { events } of engines) await events.subscribe('job', 'Step', handler, queueConfig({ type: 'fifo' }))
    for (const engine of engines) await engine.start()
    const all = Array.from({ length: 30 }, (_, index) => index)
    for (const data of all) await engines[data % 2]?.events.emit(buildEvent({ data }))
    await waitFor(() => order.length === 30)
    expect({ most, order }).toEqual({ most: 1, order: all })
  })
})

test('When two servers emit an event with the same id, then it runs once, even if it has run by then, whatever the id is', async () => {
  const prefix = newPrefix()
  const [one, two] = [await openTestEngine(redis, { prefix }), await openTestEngine(redis, { prefix })]
  const { received, handler } = recorder()
  for (const { events } of [one, two]) await events.subscribe('job', 'Step', handler, queueConfig({ type: 'fifo' }))
  await one.start()
  const ids = ['a:b', 'a.b', '12', 'ü /?', '0:1:2', 'a%3Ab']
  for (const { events } of [one, two]) for (const id of ids) await events.emit(buildEvent({ data: id, id }))
  await one.events.emit(buildEvent({ data: 'last' }))
  await waitFor(() => received.includes('last'))
  expect(received).toEqual([...ids, 'last'])
})

describe('a server that does not respond', () => {
  /** Lets a job lose its lock, as if its server had been silent for too long. */
  const loseLock = async (maxRetries: number) => {
    const prefix = newPrefix()
    const lines = recordConsole()
    const engine = await openTestEngine(redis, { prefix })
    const { opened, open } = gate()
    onTestFinished(open)
    let runs = 0
    const handler = async () => {
      runs += 1
      if (runs === 1) await opened
    }
    await engine.events.subscribe('job', 'Step', handler, queueConfig({ maxRetries, visibilityTimeout: 30 }))
    await engine.start()
    await engine.events.emit(buildEvent())
    await waitFor(() => runs === 1)
    const lock = `${prefix}:queues:job.Step:1:lock`
    const lifeMs = Number(await redis.command('PTTL', lock))
    await redis.command('DEL', lock)
    await waitFor(() => lines.some((line) => line.includes('taken over')))
    return { engine, lines, lifeMs, runs: () => runs }
  }

  test('When it may still respond in time, then its job stays locked for longer than the visibility timeout', async () => {
    const { lifeMs, lines } = await loseLock(1)
    expect(lifeMs).toBeGreaterThan(30_000)
    expect(lifeMs).toBeLessThan(36_000)
    expect(lines).toEqual(['1 job of the queue job.Step taken over, because the server has not responded for 30 s'])
  })

  test('When its job has attempts left, then that runs again; otherwise it is a dead letter that says why', async () => {
    const again = await loseLock(1)
    await waitFor(() => again.runs() === 2)
    const last = await loseLock(0)
    const [letter] = await waitFor(async () => {
      const letters = await last.engine.deadLetters.list()
      return letters.length > 0 && letters
    })
    expect(letter).toMatchObject({ attempts: 1, reason: 'the server that ran it died or was blocked' })
    expect(last.lines.join()).toContain('became a dead letter after 1 attempt')
    expect([again.runs(), last.runs()]).toEqual([2, 1])
    expect(await again.engine.deadLetters.list()).toEqual([])
  }, 20_000)
})

test('When two stores have different prefixes on one Redis, then neither sees anything of the other', async () => {
  recordConsole()
  const [one, two] = [await openTestEngine(redis), await openTestEngine(redis)]
  const mine = recorder()
  const other = recorder()
  await one.events.subscribe('job', 'Step', mine.handler, queueConfig())
  await one.events.subscribe('bad', 'Step', () => Promise.reject(new Error('poisoned')), queueConfig())
  await two.events.subscribe('job', 'Step', other.handler, queueConfig())
  for (const engine of [one, two]) await engine.start()

  await one.events.emit(buildEvent({ id: 'event-1', data: 'one' }))
  await two.events.emit(buildEvent({ id: 'event-1', data: 'two' }))
  await one.events.emit(buildEvent({ topic: 'bad' }))
  await one.state.set('group', 'key', 1)
  await one.streams.createStream<object>('chat').set('room', '1', {})
  await one.feed.write({ groups: [{ id: 'A', name: 'Step', startTime: 1 }], traces: [], logs: [] })
  const run = await one.leases.begin('Reaper', 1)
  await waitFor(async () => (await one.deadLetters.list()).length === 1)
  await waitFor(() => mine.received.length === 1 && other.received.length === 1)

  expect([mine.received, other.received]).toEqual([['one'], ['two']])
  expect(await two.deadLetters.list()).toEqual([])
  expect(await two.state.traceIds()).toEqual([])
  expect(await two.streams.createStream('chat').getGroup('room')).toEqual([])
  expect(await two.workbenchStream('motia-trace-group')?.getGroup('default')).toEqual([])
  expect([typeof run, typeof (await two.leases.begin('Reaper', 1))]).toEqual(['object', 'object'])
})

test('When somebody has changed the keys of a cron step, then it runs at the next tick, and the keys are right again', async () => {
  const prefix = newPrefix()
  const { leases } = await openTestEngine(redis, { prefix })
  await redis.command('SET', `${prefix}:cron:Reaper:done`, 'yesterday')
  await redis.command('SET', `${prefix}:cron:Reaper:lease`, 'me')
  expect(await leases.lastTick('Reaper')).toBeNull()
  const run = await leases.begin('Reaper', 1)
  if (typeof run === 'string') throw new Error(run)
  await run.end()
  expect([await leases.begin('Reaper', 1), await leases.lastTick('Reaper')]).toEqual(['done', 1])
})

test('When a run of a cron step takes a long time, then its lease is renewed', async () => {
  const prefix = newPrefix()
  const { leases } = await openTestEngine(redis, { prefix })
  const run = await leases.begin('Reaper', 1)
  const lifeMs = async () => Number(await redis.command('PTTL', `${prefix}:cron:Reaper:lease`))
  await waitFor(async () => (await lifeMs()) < 9_500, { interval: 100 })
  await waitFor(async () => (await lifeMs()) > 12_000, { interval: 100 })
  if (typeof run !== 'string') await run.end()
  expect(await lifeMs()).toBe(-2)
})
