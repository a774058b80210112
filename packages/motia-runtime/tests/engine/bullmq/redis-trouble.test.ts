import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startRedis } from '../../../../../tests/support/redis'
import { waitFor } from '../../../../../tests/support/wait-for'
import { EmitError, type QueuedEvent } from '../../../src/engine/engine'
import { buildEvent, queueConfig, recorder, stopEngine } from '../engine-world'
import { newPrefix, openTestEngine, recordConsole } from './test-engine'

const AWAY = 'Redis does not respond: jobs wait until it is back'
const BACK = 'Redis is back'

/** An engine on its own Redis, with a step that records its events, and the lines and events of the engine. */
const openWithStep = async () => {
  const redis = await startRedis()
  const prefix = newPrefix()
  const lines = recordConsole()
  const engine = await openTestEngine(redis, { prefix })
  const { received, handler } = recorder()
  await engine.events.subscribe('job', 'Step', handler, queueConfig())
  await engine.start()
  const settled: (string | undefined)[] = []
  engine.events.onSettled(({ id }: QueuedEvent) => settled.push(id))
  const recovered = vi.fn()
  engine.onRecovered(recovered)
  return { redis, prefix, lines, engine, received, settled, recovered }
}

/** Returns how long a promise takes, in ms. */
const duration = async (promise: Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await promise
  return performance.now() - began
}

describe('While Redis is away', () => {
  test('When an outbox owes an event, then its emit resolves at once, and the outbox learns when to send it again', async () => {
    const { redis, lines, engine, received, settled, recovered } = await openWithStep()
    const { events } = engine
    await events.emit(buildEvent({ id: 'event-0', data: 0 }))
    await redis.kill()
    await waitFor(() => engine.problem() !== null)
    for (const data of [1, 2, 3]) {
      expect(await duration(events.emit(buildEvent({ id: `event-${data}`, data })))).toBeLessThan(500)
    }
    expect([engine.problem(), lines, settled]).toEqual([AWAY, [AWAY], ['event-0']])
    await expect(engine.queues()).rejects.toThrow(AWAY)
    await expect(engine.deadLetters.list()).rejects.toThrow(AWAY)
    expect(recovered).not.toHaveBeenCalled()

    await redis.start()
    await waitFor(() => recovered.mock.calls.length > 0)
    for (const data of [0, 1, 2, 3]) await events.emit(buildEvent({ id: `event-${data}`, data }))
    await waitFor(() => received.length === 4)
    expect(received.toSorted()).toEqual([0, 1, 2, 3])
    expect(engine.problem()).toBeNull()
    expect(lines).toEqual([AWAY, BACK])
    expect(recovered).toHaveBeenCalledOnce()
  })

  test('When Redis refuses connections because its password was changed, then one line says so', async () => {
    const { redis, engine, lines } = await openWithStep()
    const admin = new Redis(redis.url)
    onTestFinished(() => admin.disconnect())
    await admin.config('SET', 'requirepass', 'changed')
    await admin.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await waitFor(() => lines.length > 1)
    expect(lines).toEqual([AWAY, expect.stringMatching(/^Redis refuses the connection: NOAUTH /)])
    expect(engine.problem()).toBe(AWAY)
  })

  test('When no outbox owes an event, then its emit waits for Redis to come back', async () => {
    const { redis, engine, received } = await openWithStep()
    await redis.kill()
    await waitFor(() => engine.problem() !== null)
    const emitted = engine.events.emit(buildEvent({ data: 'waits' }))
    await redis.start()
    await emitted
    await waitFor(() => received.length === 1)
  })

  test('When Redis does not come back in 5 s, then that emit rejects, and the event does not come later', async () => {
    const { redis, engine, received } = await openWithStep()
    await redis.kill()
    await waitFor(() => engine.problem() !== null)
    await expect(engine.events.emit(buildEvent({ data: 'lost' }))).rejects.toThrow(EmitError)
    await redis.start()
    await engine.events.emit(buildEvent({ data: 'next' }))
    await waitFor(() => received.length > 0)
    expect(received).toEqual(['next'])
  }, 20_000)

  test('When the server stops, then it does not wait long for Redis, and logs nothing more about it', async () => {
    const { redis, lines, engine } = await openWithStep()
    await redis.kill()
    await waitFor(() => engine.problem() !== null)
    expect(await duration(stopEngine(engine))).toBeLessThan(4_000)
    expect(lines).toEqual([AWAY])
  })
})

test('When Redis is connected and does not reply, then an emit waits 1 s, the next do not, and nothing runs twice', async () => {
  const { redis, lines, engine, received, settled, recovered } = await openWithStep()
  const { events } = engine
  await redis.command('CLIENT', 'PAUSE', '2500', 'WRITE')
  const first = await duration(events.emit(buildEvent({ id: 'event-1', data: 1 })))
  const second = await duration(events.emit(buildEvent({ id: 'event-2', data: 2 })))
  expect(first).toBeGreaterThan(900)
  expect(second).toBeLessThan(500)
  expect(engine.problem()).toBe(AWAY)
  expect(settled).toEqual([])

  await waitFor(() => recovered.mock.calls.length > 0)
  for (const data of [1, 2]) await events.emit(buildEvent({ id: `event-${data}`, data }))
  await waitFor(() => received.length === 2)
  expect(new Set(settled)).toEqual(new Set(['event-1', 'event-2']))
  expect(lines).toEqual([AWAY, BACK])
})

test('When the event loop was busy for over 1 s, then Redis is not blamed for it', async () => {
  const { lines, engine, settled } = await openWithStep()
  const emitted = engine.events.emit(buildEvent({ id: 'event-1' }))
  const until = performance.now() + 1_300
  while (performance.now() < until);
  await emitted
  expect(settled).toEqual(['event-1'])
  expect(lines).toEqual([])
})

describe('When Redis refuses jobs', () => {
  test('for one queue, then all others work, one line says so, and the event is owed until that queue accepts it', async () => {
    const { redis, prefix, lines, engine, received, settled, recovered } = await openWithStep()
    const { events } = engine
    const other = recorder()
    await events.subscribe('both', 'Good', other.handler, queueConfig())
    await events.subscribe('both', 'Bad', other.handler, queueConfig())
    const key = `${prefix}:queues:both.Bad:id`
    await redis.command('SET', key, 'not a number')
    for (let round = 0; round < 3; round++) {
      await events.emit(buildEvent({ topic: 'both', id: 'event-both', data: 'both' }))
      expect(await duration(events.emit(buildEvent({ data: round })))).toBeLessThan(500)
    }
    await waitFor(() => received.length === 3)
    expect(settled).toEqual([])
    expect(engine.problem()).toMatch(/^Redis refuses jobs for the queue both\.Bad: ERR value is not an integer/)
    expect(lines).toEqual([
      expect.stringMatching(/^Redis refuses jobs for the queue both\.Bad, .*ERR value is not an integer/),
    ])
    await expect(events.emit(buildEvent({ topic: 'both' }))).rejects.toThrow(EmitError)

    await redis.command('DEL', key)
    await waitFor(async () => {
      await events.emit(buildEvent({ topic: 'both', id: 'event-later', data: 'later' }))
      return engine.problem() === null
    })
    expect(recovered).toHaveBeenCalledOnce()
    expect(settled).toContain('event-later')
    await waitFor(() => other.received.filter((data) => data === 'later').length === 2)
    expect(other.received.filter((data) => data === 'both').length).toBeGreaterThan(0)
    expect(lines.slice(1)).toEqual(['Redis accepts jobs for the queue both.Bad again'])
  })

  test('for all queues, then one line says so, and another one says when it is over', async () => {
    const { redis, lines, engine, received, settled, recovered } = await openWithStep()
    const { events } = engine
    await events.subscribe('job', 'Other', () => {}, queueConfig())
    await redis.command('CONFIG', 'SET', 'min-replicas-to-write', '1')
    for (const data of [1, 2]) await events.emit(buildEvent({ id: `event-${data}`, data }))
    await expect(events.emit(buildEvent())).rejects.toThrow(/^Event job was not queued: NOREPLICAS/)
    expect([settled, lines]).toEqual([[], [expect.stringContaining('NOREPLICAS')]])

    await redis.command('CONFIG', 'SET', 'min-replicas-to-write', '0')
    for (const data of [1, 2]) await events.emit(buildEvent({ id: `event-${data}`, data }))
    await waitFor(() => received.length === 2)
    expect(settled).toEqual(['event-1', 'event-2'])
    expect(engine.problem()).toBeNull()
    expect(recovered).toHaveBeenCalledOnce()
    expect(lines).toHaveLength(2)
  })
})
