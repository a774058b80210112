import type { MotiaStream } from 'motia'
import { beforeAll, describe, expect, test } from 'vitest'
import { startRedis, type TestRedis } from '../../../../../tests/support/redis'
import { waitFor } from '../../../../../tests/support/wait-for'
import type { Engine } from '../../../src/engine/engine'
import type { Trace } from '../../../src/traces/workbench-feed'
import { newPrefix, openTestEngine } from './test-engine'

let redis: TestRedis

beforeAll(async () => {
  redis = await startRedis()
})

const buildTrace = (id: string, parentTraceId: string, fields: Partial<Trace> = {}): Trace => ({
  ...{ id, name: 'JsCreatePet', parentTraceId, status: 'running', startTime: 5 },
  ...{ entryPoint: { type: 'api', stepName: 'JsCreatePet' }, events: [], ...fields },
})

const buildGroup = (id: string, startTime = 5, name = 'JsCreatePet') => ({ id, name, startTime })

/** A batch with one trace group of each id, a trace in each, and a log line of each; later ids are younger. */
const batchOf = (...ids: string[]) => ({
  groups: ids.map((id) => buildGroup(id, id.charCodeAt(0))),
  traces: ids.map((id) => buildTrace(`${id}-trace`, id)),
  logs: ids.map((id) => ({ id: `${id}-log`, msg: id, time: id.charCodeAt(0) })),
})

/** What the Workbench finds in a stream. */
const read = async (engine: Engine, stream: string, groupId = 'default') =>
  (await engine.workbenchStream(stream)?.getGroup(groupId)) ?? []

const idsIn = async (engine: Engine) => ({
  groups: (await read(engine, 'motia-trace-group')).map(({ id }) => id),
  logs: (await read(engine, '__motia.logs')).map(({ id }) => id),
})

describe('a batch', () => {
  test("When it is written, then the Workbench's streams contain it, in order", async () => {
    const engine = await openTestEngine(redis)
    const batch = batchOf('A', 'B')
    await engine.feed.write(batch)
    expect(await read(engine, 'motia-trace-group')).toEqual(batch.groups)
    expect(await read(engine, 'motia-trace', 'A')).toEqual([batch.traces[0]])
    expect(await read(engine, '__motia.logs')).toEqual(batch.logs)
    expect(engine.workbenchStream('motia-trace-group')).toBeDefined()
    expect(engine.workbenchStream('other')).toBeUndefined()
  })

  test('When a trace changes, then it is updated, and its group keeps the name of its first step', async () => {
    const engine = await openTestEngine(redis)
    await engine.feed.write(batchOf('A'))
    const trace = buildTrace('A-trace', 'A', { status: 'completed', endTime: 9 })
    await engine.feed.write({ groups: [buildGroup('A', 9, 'JsAuditTrail')], traces: [trace], logs: [] })
    expect(await read(engine, 'motia-trace-group')).toMatchObject([{ name: 'JsCreatePet' }])
    expect(await read(engine, 'motia-trace', 'A')).toEqual([trace])
  })

  test('When an entry contains something that JSON cannot express, then it is written as text, and all others are unchanged', async () => {
    const engine = await openTestEngine(redis)
    const cycle: Record<string, unknown> = {}
    cycle.self = cycle
    const { groups, traces, logs } = batchOf('A')
    const odd = { id: 'odd', time: 1, count: 1n, cycle }
    await engine.feed.write({ groups, traces, logs: [odd, ...logs] })
    expect(await read(engine, '__motia.logs')).toEqual([
      { id: 'odd', time: 1, count: '1n', cycle: { self: '[circular]' } },
      ...logs,
    ])
    expect(await read(engine, 'motia-trace', 'A')).toEqual(traces)
  })
})

test('When there are more than the limit, then only the latest of all servers are kept', async () => {
  const prefix = newPrefix()
  const [one, two] = [
    await openTestEngine(redis, { prefix, traceLimit: 2 }),
    await openTestEngine(redis, { prefix, traceLimit: 2 }),
  ]
  await one.feed.write(batchOf('A', 'B'))
  await two.feed.write(batchOf('C'))
  await one.feed.write(batchOf('D'))
  expect(await idsIn(two)).toEqual({ groups: ['C', 'D'], logs: ['C-log', 'D-log'] })
  expect(await read(two, 'motia-trace', 'A')).toEqual([])
  expect(await redis.command('KEYS', `${prefix}:workbench:*:A`)).toEqual([])
})

test('When a trace is continued again and again, then only the latest of its steps are kept', async () => {
  const engine = await openTestEngine(redis, { traceLimit: 2 })
  for (const id of ['1', '2', '3']) {
    await engine.feed.write({ groups: [buildGroup('A')], traces: [buildTrace(id, 'A')], logs: [] })
  }
  expect((await read(engine, 'motia-trace', 'A')).map(({ id }) => id)).toEqual(['2', '3'])
})

test("When a Workbench is open, then a small batch goes through Motia's streams, once, and a large one as a whole", async () => {
  const engine = await openTestEngine(redis)
  const set: unknown[] = []
  const streamOf = (name: string) => (): MotiaStream<unknown> => {
    const stream = engine.workbenchStream(name)
    if (!stream) throw new Error(`There is no stream ${name}`)
    const stored = stream.set.bind(stream)
    stream.set = (groupId, id, data) => {
      set.push([name, groupId, id])
      return stored(groupId, id, data)
    }
    return stream
  }
  const names = ['motia-trace-group', 'motia-trace', '__motia.logs']
  const streams = Object.fromEntries(names.map((name) => [name, streamOf(name)]))
  const sent: unknown[] = []
  engine.attachWorkbench({
    getStreams: () => streams,
    isWatched: () => true,
    sendAll: (...group) => sent.push(group),
  })
  const batch = batchOf('A')
  await engine.feed.write(batch)
  await engine.feed.write(batch)
  expect(set).toEqual([
    ['motia-trace', 'A', 'A-trace'],
    ['motia-trace-group', 'default', 'A'],
    ['__motia.logs', 'default', 'A-log'],
    ['motia-trace', 'A', 'A-trace'],
    ['__motia.logs', 'default', 'A-log'],
  ])
  expect(await read(engine, '__motia.logs')).toEqual(batch.logs)
  expect(sent).toEqual([])

  set.length = 0
  const large = batchOf(...'BCDEFGH')
  await engine.feed.write(large)
  expect(set).toEqual([])
  expect(sent).toContainEqual(['motia-trace-group', 'default'])
  expect(sent).toContainEqual(['motia-trace', 'H'])
  expect(await read(engine, '__motia.logs')).toEqual(expect.arrayContaining(large.logs))
})

test('When Redis is away, then the feed is not ready, and rejects what it cannot write', async () => {
  const own = await startRedis()
  const { feed } = await openTestEngine(own)
  expect(feed.isReady()).toBe(true)
  await own.kill()
  await waitFor(() => !feed.isReady())
  await expect(feed.write(batchOf('A'))).rejects.toThrow()
})
