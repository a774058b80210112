import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import type { Event, QueueConfig } from 'motia'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { BullMqEvents } from '../../src/runtime/bullmq-events'
import { EmitError } from '../../src/runtime/event-outbox'
import { startChild } from '../support/child'
import { startRedis, type TestRedis } from '../support/redis'
import { waitFor } from '../support/wait-for'

const WORKER = fileURLToPath(new URL('bullmq-worker.ts', import.meta.url))

const AWAY = /^Redis is away: requests go on, jobs wait until it is back/
const BACK = 'Redis is back'

let shared: TestRedis
/** What became of the job of a process that died. Begun first of all: it takes some seconds. */
let takenOver: Promise<Event<unknown>[]>
let cleanUps: (() => unknown)[] = []
let said: string[] = []
let number = 0

beforeAll(async () => {
  shared = await startRedis()
  takenOver = takeOverJob()
  // Its test reports it.
  takenOver.catch(() => {})
})

beforeEach(() => {
  said = []
  for (const method of ['warn', 'info', 'error'] as const) {
    vi.spyOn(console, method).mockImplementation((text) => {
      said.push(String(text))
    })
  }
})

afterEach(async () => {
  for (const undo of cleanUps.reverse()) await undo()
  cleanUps = []
  vi.restoreAllMocks()
})

/** An adapter with queues and a connection of its own, closed after the test. */
const makeEvents = async (redis = shared, prefix = `test-${++number}`) => {
  const connection = new Redis(redis.port, { maxRetriesPerRequest: null, retryStrategy: () => 50 })
  await once(connection, 'ready')
  const onBack = vi.fn()
  const events = new BullMqEvents({ connection, prefix, onBack })
  cleanUps.push(async () => {
    await events.shutdown()
    connection.disconnect()
  })
  return { events, connection, prefix, onBack }
}

const queueConfig = (fields: Partial<QueueConfig> = {}): QueueConfig => {
  const { type = 'standard', ...rest } = fields
  return { ...{ type, maxRetries: 0, visibilityTimeout: 30, delaySeconds: 0 }, ...rest }
}

const buildEvent = (fields: Partial<Event<unknown>> = {}): Event<unknown> => ({
  ...{ topic: 'js.pet.created', data: { petId: '1' }, traceId: 'TRACE-1', flows: ['pets'] },
  ...fields,
})

/** A handler that notes what it is given. */
const recorder = () => {
  const received: Event<unknown>[] = []
  const handler = async (event: Event<unknown>) => {
    received.push(event)
  }
  return { received, handler }
}

/** Lets a process take a job and die, and another one work on; answers the jobs that the other one is given. */
const takeOverJob = async () => {
  const prefix = 'take-over'
  const connection = new Redis(shared.port, { maxRetriesPerRequest: null })
  const queue = new Queue('js.job.JsJob', { connection, prefix })
  const events = new BullMqEvents({ connection, prefix })
  try {
    const command = [process.execPath, '--import', 'tsx', WORKER, String(shared.port), prefix, 'js.job', 'JsJob']
    const child = startChild(command, { env: process.env })
    await queue.add('js.job', buildEvent({ topic: 'js.job' }), { attempts: 1 })
    await child.printed('taken', { timeout: 60_000 })
    await child.stop('SIGKILL')
    const { received, handler } = recorder()
    await events.subscribe('js.job', 'JsJob', handler, queueConfig({ visibilityTimeout: 1 }))
    await waitFor(() => received.length > 0, { what: 'the job to be taken over', timeout: 60_000 })
    return received
  } finally {
    await queue.close()
    await events.shutdown()
    connection.disconnect()
  }
}

describe('an event', () => {
  test('reaches each subscriber of its topic, once, whole, and no other', async () => {
    const { events } = await makeEvents()
    const [audit, mail, other] = [recorder(), recorder(), recorder()]
    await events.subscribe('js.pet.created', 'JsAuditTrail', audit.handler, queueConfig())
    await events.subscribe('js.pet.created', 'JsMail', mail.handler, queueConfig())
    await events.subscribe('ts.pet.created', 'TsAuditTrail', other.handler, queueConfig())
    const last = buildEvent({ topic: 'ts.pet.created' })

    await events.emit(buildEvent())
    await events.emitSafely(last)

    await waitFor(() => [audit, mail, other].every(({ received }) => received.length > 0))
    expect([audit.received, mail.received, other.received]).toEqual([[buildEvent()], [buildEvent()], [last]])
  })

  test('that nobody subscribes to goes nowhere', async () => {
    const { events, connection, prefix } = await makeEvents()
    await events.emit(buildEvent())
    await events.emitSafely(buildEvent())
    expect(await connection.keys(`${prefix}:*`)).toEqual([])
  })

  test("waits in Motia's queue, under our prefix, until somebody works there", async () => {
    const { events, prefix } = await makeEvents()
    const subscription = await events.subscribe('js.pet.created', 'JsAuditTrail', recorder().handler, queueConfig())
    const queue = new Queue('js.pet.created.JsAuditTrail', { connection: { port: shared.port }, prefix })
    cleanUps.push(() => queue.close())
    await queue.pause()
    await events.emit(buildEvent())
    expect((await queue.getJobs('paused')).map(({ data }) => data)).toEqual([buildEvent()])
    await subscription.unsubscribe()

    const { received, handler } = recorder()
    const next = await makeEvents(shared, prefix)
    await next.events.subscribe('js.pet.created', 'JsAuditTrail', handler, queueConfig())
    await queue.resume()
    await waitFor(() => received.length === 1)
  })

  test('is handed to the handler that the route chooses', async () => {
    const connection = new Redis(shared.port, { maxRetriesPerRequest: null })
    const { received, handler } = recorder()
    const routed: unknown[] = []
    const stock = async () => {}
    const route = (stepName: string, given: unknown) => {
      routed.push([stepName, given])
      return handler
    }
    const events = new BullMqEvents({ connection, prefix: `test-${++number}`, route })
    cleanUps.push(
      () => connection.disconnect(),
      () => events.shutdown(),
    )
    await events.subscribe('js.pet.created', 'JsAuditTrail', stock, queueConfig())
    await events.emit(buildEvent())
    await waitFor(() => received.length === 1)
    expect(routed).toEqual([['JsAuditTrail', stock]])
  })

  test('that is delayed by its subscriber comes no earlier', async () => {
    const { events } = await makeEvents()
    const { received, handler } = recorder()
    await events.subscribe('js.pet.created', 'JsLater', handler, queueConfig({ delaySeconds: 1 }))
    const sentAt = Date.now()
    await events.emit(buildEvent())
    await waitFor(() => received.length === 1)
    expect(Date.now() - sentAt).toBeGreaterThanOrEqual(990)
  })

  test('in large numbers at once raises no warning of a leak', async () => {
    const { events } = await makeEvents()
    const { received, handler } = recorder()
    const warnings: unknown[] = []
    const note = (warning: Error) => {
      warnings.push(warning.name)
    }
    process.on('warning', note)
    cleanUps.push(() => process.off('warning', note))
    await events.subscribe('js.pet.created', 'JsAuditTrail', handler, queueConfig())
    await Promise.all(Array.from({ length: 300 }, (_, index) => events.emit(buildEvent({ data: index }))))
    await waitFor(() => received.length === 300)
    expect(new Set(received.map(({ data }) => data)).size).toBe(300)
    expect(warnings).toEqual([])
  })
})

describe('subscriptions', () => {
  test('are counted by topic, and end', async () => {
    const { events } = await makeEvents()
    const { handler } = recorder()
    const first = await events.subscribe('js.pet.created', 'JsA', handler, queueConfig())
    await events.subscribe('js.pet.created', 'JsB', handler, queueConfig())
    await events.subscribe('js.pet.purged', 'JsB', handler, queueConfig())
    expect(await events.getSubscriptionCount('js.pet.created')).toBe(2)
    expect(await events.listTopics()).toEqual(['js.pet.created', 'js.pet.purged'])
    await events.unsubscribe(first)
    await events.unsubscribe(first)
    expect(await events.getSubscriptionCount('js.pet.created')).toBe(1)
  })
})

test('a subscription that ends while its worker still connects leaves no rejection to nobody', async () => {
  const { events } = await makeEvents()
  const unhandled: unknown[] = []
  const note = (error: unknown) => {
    unhandled.push(error)
  }
  process.on('unhandledRejection', note)
  cleanUps.push(() => process.off('unhandledRejection', note))
  for (let ms = 0; ms < 40; ms++) {
    const subscription = await events.subscribe('js.job', `JsJob${ms}`, recorder().handler, queueConfig())
    await new Promise((resolve) => setTimeout(resolve, ms % 10))
    await subscription.unsubscribe()
  }
  expect(unhandled).toEqual([])
})

describe('jobs run', () => {
  /** Runs nine jobs; answers how many ran at once at most, and their order. */
  const runNine = async (config: QueueConfig) => {
    const { events } = await makeEvents()
    const order: unknown[] = []
    let running = 0
    let most = 0
    const handler = async ({ data }: Event<unknown>) => {
      running += 1
      most = Math.max(most, running)
      order.push(data)
      await new Promise((resolve) => setTimeout(resolve, 20))
      running -= 1
    }
    await events.subscribe('js.job', 'JsJob', handler, config)
    const data = Array.from({ length: 9 }, (_, index) => index)
    for (const index of data) await events.emit(buildEvent({ topic: 'js.job', data: index }))
    await waitFor(() => order.length === 9 && running === 0)
    return { most, isInOrder: order.join() === data.join() }
  }

  test('one at a time and in order in a fifo queue', async () => {
    expect(await runNine(queueConfig({ type: 'fifo' }))).toEqual({ most: 1, isInOrder: true })
  })

  test('as many at a time as the concurrency says', async () => {
    expect((await runNine(queueConfig({ concurrency: 3 }))).most).toBe(3)
  })
})

describe('a job that fails', () => {
  test('is tried again, and once it succeeds nothing more is heard of it', async () => {
    const { events, connection, prefix } = await makeEvents()
    const attempts: number[] = []
    const handler = async () => {
      attempts.push(Date.now())
      if (attempts.length === 1) throw new Error('not yet')
    }
    await events.subscribe('js.job', 'JsJob', handler, queueConfig({ maxRetries: 1 }))
    await events.emit(buildEvent({ topic: 'js.job' }))
    await waitFor(() => attempts.length === 2)
    const [first = 0, second = 0] = attempts
    expect(second - first).toBeGreaterThanOrEqual(1_900)
    await events.shutdown()
    expect(await connection.keys(`${prefix}:js.job.JsJob.dlq:*`)).toEqual([])
  })

  test("for good is in its dead-letter queue, in Motia's form, and the log says so", async () => {
    const { events, prefix } = await makeEvents()
    const fail = async () => {
      throw new Error('poisoned')
    }
    await events.subscribe('js.job', 'JsJob', fail, queueConfig())
    await events.emit(buildEvent({ topic: 'js.job' }))

    const queue = new Queue('js.job.JsJob.dlq', { connection: { port: shared.port }, prefix })
    cleanUps.push(() => queue.close())
    const letters = await waitFor(async () => {
      const jobs = await queue.getJobs('waiting')
      return jobs.length > 0 && jobs
    })
    expect(letters.map(({ name, data }) => ({ name, data }))).toEqual([
      {
        name: 'js.job.dlq',
        data: {
          originalEvent: buildEvent({ topic: 'js.job' }),
          ...{ failureReason: 'poisoned', failureTimestamp: expect.any(Number), attemptsMade: 1, originalJobId: '1' },
        },
      },
    ])
    await waitFor(() => said.includes('Job 1 failed 1 times and is in js.job.JsJob.dlq now: poisoned'))
  })

  test('because its process died is taken over, without costing an attempt', async () => {
    expect(await takenOver).toEqual([buildEvent({ topic: 'js.job' })])
  })
})

describe('a shutdown', () => {
  test('waits for the job that is running, and for the event which that emits', async () => {
    const { events, prefix } = await makeEvents()
    let finish = () => {}
    const done = new Promise<void>((resolve) => {
      finish = resolve
    })
    const order: string[] = []
    const handler = async () => {
      order.push('begun')
      await done
      await events.emitSafely(buildEvent({ topic: 'js.done' }))
      order.push('job done')
    }
    await events.subscribe('js.job', 'JsJob', handler, queueConfig())
    await events.subscribe('js.done', 'JsAuditTrail', recorder().handler, queueConfig())
    await events.emit(buildEvent({ topic: 'js.job' }))
    await waitFor(() => order.length === 1)

    const shutdown = events.shutdown().then(() => order.push('shut down'))
    setTimeout(finish, 50)
    await shutdown
    expect(order).toEqual(['begun', 'job done', 'shut down'])

    const { received, handler: record } = recorder()
    const next = await makeEvents(shared, prefix)
    await next.events.subscribe('js.done', 'JsAuditTrail', record, queueConfig())
    // The first process may have run it just before it stopped.
    const queue = new Queue('js.done.JsAuditTrail', { connection: { port: shared.port }, prefix })
    cleanUps.push(() => queue.close())
    await waitFor(async () => received.length === 1 || (await queue.getCompletedCount()) === 1)
  })
})

describe('while Redis is away', () => {
  test('an emit resolves at once and its event comes later, a safe one rejects, and the log says it once', async () => {
    const redis = await startRedis()
    const { events, onBack } = await makeEvents(redis)
    const { received, handler } = recorder()
    await events.subscribe('js.pet.created', 'JsAuditTrail', handler, queueConfig())
    await events.emit(buildEvent({ data: 0 }))
    await waitFor(() => received.length === 1)

    await redis.kill()
    await waitFor(() => !events.isConnected)
    const began = Date.now()
    for (const data of [1, 2, 3]) await events.emit(buildEvent({ data }))
    expect(Date.now() - began).toBeLessThan(900)
    await expect(events.emitSafely(buildEvent({ data: 4 }))).rejects.toThrow(EmitError)
    expect(said.map((line) => AWAY.test(line))).toEqual([true])
    expect(onBack).not.toHaveBeenCalled()

    await redis.start()
    await waitFor(() => received.length === 4)
    expect(received.map(({ data }) => data).toSorted()).toEqual([0, 1, 2, 3])
    expect(events.isConnected).toBe(true)
    expect(said.slice(1)).toEqual([BACK])
    expect(onBack).toHaveBeenCalledOnce()
  })

  test('an emit that was under way when it went resolves too; a stop says how many events are left behind', async () => {
    const redis = await startRedis()
    const { events, connection } = await makeEvents(redis)
    const { received, handler } = recorder()
    await events.subscribe('js.pet.created', 'JsAuditTrail', handler, queueConfig())
    await events.emit(buildEvent())
    await waitFor(() => received.length === 1)
    await connection.call('client', 'pause', '60000', 'write')
    const emitted = events.emit(buildEvent())
    await redis.kill()
    await expect(emitted).resolves.toBeUndefined()

    await events.shutdown()
    connection.disconnect()
    await new Promise(setImmediate)
    expect(said.map((line) => (AWAY.test(line) ? 'away' : line))).toEqual([
      'away',
      '1 events were not queued: Redis is away',
    ])
  })
})

test('what is emitted once waits once, whoever emits it, and is taken again when it was done', async () => {
  const [one, two] = [await makeEvents(shared, 'once'), await makeEvents(shared, 'once')]
  let go = () => {}
  const held = new Promise<void>((resolve) => {
    go = resolve
  })
  let count = 0
  const handle = async () => {
    count += 1
    await held
  }
  for (const { events } of [one, two]) await events.subscribe('js.owed', 'JsJob', handle, queueConfig())
  const emit = ({ events }: typeof one) => events.emitOnce(buildEvent({ topic: 'js.owed' }), 'owed-1-2')
  await Promise.all([emit(one), emit(two), emit(one)])
  await waitFor(() => count > 0)
  await emit(two)
  go()
  await waitFor(async () => {
    if (count < 2) await emit(two)
    return count === 2
  })
})

test('where Redis hangs, an emit waits a second at most, and its event comes once Redis answers again', async () => {
  const redis = await startRedis()
  const { events, connection } = await makeEvents(redis)
  const { received, handler } = recorder()
  await events.subscribe('js.pet.created', 'JsAuditTrail', handler, queueConfig())
  await connection.call('client', 'pause', '2500', 'write')

  const began = Date.now()
  await events.emit(buildEvent({ data: 1 }))
  const first = Date.now() - began
  await events.emit(buildEvent({ data: 2 }))
  expect(first).toBeGreaterThan(900)
  expect(Date.now() - began - first).toBeLessThan(800)
  expect(events.isConnected).toBe(false)
  await expect(events.emitSafely(buildEvent())).rejects.toThrow(EmitError)

  await waitFor(() => received.length === 2)
  expect(received.map(({ data }) => data).toSorted()).toEqual([1, 2])
  expect(events.isConnected).toBe(true)
  expect(said.map((line) => (AWAY.test(line) ? 'away' : line))).toEqual(['away', BACK])
})

test('where Redis refuses to write, an emit resolves, and its event is queued once Redis takes it', async () => {
  const redis = await startRedis()
  const { events, connection } = await makeEvents(redis)
  const { received, handler } = recorder()
  await events.subscribe('js.pet.created', 'JsAuditTrail', handler, queueConfig())
  await connection.config('SET', 'min-replicas-to-write', '1')

  for (const data of [1, 2]) await events.emit(buildEvent({ data }))
  expect(events.isConnected).toBe(false)
  expect(said.map((line) => AWAY.test(line))).toEqual([true])
  expect(said[0]).toContain('NOREPLICAS')

  await connection.config('SET', 'min-replicas-to-write', '0')
  await waitFor(() => received.length === 2)
  expect(received.map(({ data }) => data)).toEqual([1, 2])
  expect(said.slice(1)).toEqual([BACK])
})
