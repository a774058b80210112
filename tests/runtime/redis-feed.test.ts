import { LockedData, MemoryStreamAdapterManager, type MotiaStream, NoPrinter } from 'motia'
import { createClient, type RedisClientType } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { RedisFeed } from '../../src/runtime/redis-feed'
import type { Trace } from '../../src/runtime/workbench-feed'
import { startRedis, type TestRedis } from '../support/redis'
import { makeTempDir } from '../support/temp-dir'

const THREE_DAYS_S = 3 * 24 * 60 * 60

const GROUPS = 'motia:trace:default'

let redis: TestRedis
let client: RedisClientType

beforeAll(async () => {
  redis = await startRedis()
  client = createClient({ url: redis.url, RESP: 2 })
  client.on('error', () => {})
  await client.connect()
})

beforeEach(async () => {
  await client.flushAll()
})

afterAll(() => client.destroy())

const makeFeed = ({ limit = 100, isWatched = false } = {}) => {
  const root = makeTempDir()
  const lockedData = new LockedData(root, new MemoryStreamAdapterManager(), new NoPrinter(), client)
  return { lockedData, feed: new RedisFeed(lockedData, limit, () => isWatched) }
}

const buildTrace = (id: string, parentTraceId: string, fields: Partial<Trace> = {}): Trace => ({
  ...{ id, name: 'JsCreatePet', parentTraceId, status: 'running', startTime: 5 },
  ...{ entryPoint: { type: 'api', stepName: 'JsCreatePet' }, events: [], ...fields },
})

const buildGroup = (id: string, name = 'JsCreatePet') => ({ id, name, startTime: 5 })

/** A batch with one trace group of each id, a trace in each, and a log line of each. */
const batchOf = (...ids: string[]) => ({
  groups: ids.map((id) => buildGroup(id)),
  traces: ids.map((id) => buildTrace(`${id}-trace`, id)),
  logs: ids.map((id) => ({ id: `${id}-log`, msg: id })),
})

const keptIds = async () => {
  const logs = await client.keys('motia:logs:default:*')
  const traces = (await client.keys('motia:trace:*')).filter((key) => key !== GROUPS)
  return {
    groups: (await client.hKeys(GROUPS)).toSorted(),
    traces: traces.map((key) => key.replace('motia:trace:', '')).toSorted(),
    logs: logs.map((key) => key.replace('motia:logs:default:', '')).toSorted(),
  }
}

describe('a batch', () => {
  test("is written under Motia's keys, to be forgotten after three days", async () => {
    const { feed } = makeFeed()
    const batch = batchOf('A')
    await feed.write(batch)
    expect(JSON.parse((await client.hGet(GROUPS, 'A')) ?? '')).toEqual(batch.groups[0])
    expect(JSON.parse((await client.hGet('motia:trace:A', 'A-trace')) ?? '')).toEqual(batch.traces[0])
    expect(JSON.parse((await client.get('motia:logs:default:A-log')) ?? '')).toEqual(batch.logs[0])
    for (const key of ['motia:trace:A', 'motia:logs:default:A-log']) {
      expect(await client.ttl(key)).toBeGreaterThan(THREE_DAYS_S - 60)
    }
  })

  test('brings a trace up to date, and leaves the name of its group to the step that began it', async () => {
    const { feed } = makeFeed()
    await feed.write(batchOf('A'))
    const trace = buildTrace('A-trace', 'A', { status: 'completed', endTime: 9 })
    await feed.write({ groups: [buildGroup('A', 'JsAuditTrail')], traces: [trace], logs: [] })
    expect(JSON.parse((await client.hGet(GROUPS, 'A')) ?? '')).toMatchObject({ name: 'JsCreatePet' })
    expect(JSON.parse((await client.hGet('motia:trace:A', 'A-trace')) ?? '')).toMatchObject({ status: 'completed' })
  })
})

describe('of traces and log lines only the latest are kept', () => {
  test('whatever comes', async () => {
    const { feed } = makeFeed({ limit: 2 })
    for (const id of ['A', 'B', 'C', 'D']) await feed.write(batchOf(id))
    expect(await keptIds()).toEqual({ groups: ['C', 'D'], traces: ['C', 'D'], logs: ['C-log', 'D-log'] })
  })

  test('with those that an earlier run of the server has left', async () => {
    await makeFeed({ limit: 10 }).feed.write(batchOf('A', 'B', 'C', 'D'))
    await makeFeed({ limit: 2 }).feed.write(batchOf('E'))
    const { groups, traces, logs } = await keptIds()
    expect(groups).toHaveLength(2)
    expect(groups).toContain('E')
    expect(traces).toEqual(groups)
    expect(logs).toHaveLength(2)
    expect(logs).toContain('E-log')
  })
})

describe('while somebody watches', () => {
  test("the batch goes through Motia's streams too, which push it to the page; a known group does not go twice", async () => {
    const pushed: unknown[] = []
    const streamOf = (name: string): MotiaStream<unknown> => ({
      get: async () => null,
      set: async (groupId, id, data) => {
        pushed.push([name, groupId, id])
        return Object.assign({}, data, { id })
      },
      delete: async () => null,
      getGroup: async () => [],
      send: async () => {},
    })
    const { feed, lockedData } = makeFeed({ isWatched: true })
    for (const name of ['motia-trace-group', 'motia-trace', '__motia.logs']) {
      const factory = () => streamOf(name)
      const config = {
        name,
        schema: { type: 'null' as const },
        baseConfig: { storageType: 'custom' as const, factory },
      }
      lockedData.createStream({ filePath: name, config, hidden: true }, { disableTypeCreation: true })
    }
    await feed.write(batchOf('A'))
    await feed.write(batchOf('A'))
    expect(pushed).toEqual([
      ['motia-trace-group', 'default', 'A'],
      ['motia-trace', 'A', 'A-trace'],
      ['__motia.logs', 'default', 'A-log'],
      ['motia-trace', 'A', 'A-trace'],
      ['__motia.logs', 'default', 'A-log'],
    ])
  })
})

test('a feed is ready while its client is, and rejects what it cannot write', async () => {
  const root = makeTempDir()
  const own: RedisClientType = createClient({ url: redis.url, RESP: 2, disableOfflineQueue: true })
  own.on('error', () => {})
  const feed = new RedisFeed(
    new LockedData(root, new MemoryStreamAdapterManager(), new NoPrinter(), own),
    10,
    () => false,
  )
  expect(feed.isReady()).toBe(false)
  await own.connect()
  expect(feed.isReady()).toBe(true)
  own.destroy()
  expect(feed.isReady()).toBe(false)
  await expect(feed.write(batchOf('A'))).rejects.toThrow()
})
