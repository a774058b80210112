import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Audit } from '../../src/audit/audit'
import { AuditLog } from '../../src/audit/audit-log'
import { AuditStream } from '../../src/audit/audit-stream'
import { closeSharedRedis, sharedRedis } from '../../src/redis/shared-redis'
import { startRedis, type TestRedis } from '../support/redis'
import { makeTempDir } from '../support/temp-dir'

const NOON = Date.UTC(2022, 0, 1, 12)

let server: TestRedis

beforeAll(async () => {
  server = await startRedis(['--appendonly', 'no'])
})

beforeEach(async () => {
  await server.command('FLUSHALL')
})

afterAll(closeSharedRedis)

const stream = (limit = 1_000, now = () => NOON): Audit => new AuditStream(sharedRedis(server.url), limit, 'pets', now)
const file = (): Audit => new AuditLog(`${makeTempDir('audit-')}/audit.jsonl`, () => NOON)

const entry = (petId: string) => ({ topic: 'js.pet.created', traceId: 'TRACE-1', data: { petId } })
const lineOf = (petId: string) => ({ at: NOON, ...entry(petId), id: expect.any(String) })

describe.each([
  ['a stream of Redis', stream],
  ['a file', file],
])('the audit trail in %s', (_name, make) => {
  test('When entries are added, then a reader gets them in order, and from then on only new ones', async () => {
    const audit = make()
    const empty = await audit.readAfter(undefined)
    expect(empty.lines).toEqual([])
    for (const id of ['1', '2']) await audit.append(entry(id))
    const first = await audit.readAfter(undefined)
    expect(first).toMatchObject({ lines: [lineOf('1'), lineOf('2')], isNew: true })
    expect((await audit.readAfter(first.end)).lines).toEqual([])
    await audit.append(entry('3'))
    const next = await audit.readAfter(first.end)
    expect(next).toMatchObject({ lines: [lineOf('3')], isNew: false })
    const ids = [...first.lines, ...next.lines].map(({ id }) => id)
    expect(new Set(ids).size).toBe(3)
  })

  test('When a request with an API key caused an event, then the reader gets the name of the key', async () => {
    const audit = make()
    await Promise.all([audit.append({ ...entry('1'), by: 'alice' }), audit.append(entry('2'))])
    const { lines } = await audit.readAfter(undefined)
    expect(lines).toEqual([{ ...lineOf('1'), by: 'alice' }, lineOf('2')])
  })

  test('When an event is delivered again, then the trail contains it once', async () => {
    const audit = make()
    await Promise.all([entry('1'), entry('2'), entry('1')].map((one) => audit.append(one)))
    await audit.append({ ...entry('2'), traceId: 'TRACE-2' })
    expect((await audit.readAfter(undefined)).lines).toEqual([lineOf('1'), lineOf('2')])
  })

  test('When a job ran twice, then the trail contains its end once, and the ends of two jobs of a pet both', async () => {
    const audit = make()
    const end = (enqueuedAt: number, completedAt: number) => ({
      topic: 'js.job.postcreate.completed',
      traceId: `TRACE-${completedAt}`,
      data: { petId: '1', enqueuedAt, completedAt, processingTimeMs: 3 },
    })
    for (const one of [end(1, 10), end(1, 20), end(2, 30)]) await audit.append(one)
    const { lines } = await audit.readAfter(undefined)
    expect(lines.map(({ data }) => data.completedAt)).toEqual([10, 30])
  })

  test('When two runs of a reaper have the same figures, then the trail contains both', async () => {
    const audit = make()
    const counts = { totalScanned: 1, purgedCount: 0, failedCount: 0 }
    const completed = { topic: 'js.reaper.completed', data: counts }
    await audit.append({ ...completed, traceId: 'TRACE-1' })
    await audit.append({ ...completed, traceId: 'TRACE-2' })
    expect((await audit.readAfter(undefined)).lines).toHaveLength(2)
  })

  test.each(['x', '', '-1', '1-2-3'])(
    'When a reader names the end %j, which it never got, then it gets everything',
    async (end) => {
      const audit = make()
      await audit.append(entry('1'))
      expect(await audit.readAfter(end)).toMatchObject({ lines: [lineOf('1')], isNew: true })
    },
  )
})

test('When several servers are given the same event, then the stream contains it once', async () => {
  await Promise.all(Array.from({ length: 4 }, () => stream().append(entry('1'))))
  expect((await stream().readAfter(undefined)).lines).toHaveLength(1)
})

test('When more entries are added than the limit, then the stream keeps the latest, and few more', async () => {
  const audit = stream(200)
  await Promise.all(Array.from({ length: 1_000 }, (_, index) => audit.append(entry(String(index)))))
  const length = Number(await server.command('XLEN', '{pets}:audit'))
  expect(length).toBeGreaterThanOrEqual(200)
  expect(length).toBeLessThan(400)
  const { lines } = await audit.readAfter(undefined)
  expect(lines.at(-1)?.data).toEqual({ petId: '999' })
})

test('When an event comes again after days, then it is not added if it is among the latest 10,000', async () => {
  let now = NOON
  const audit = stream(100, () => now)
  await audit.append(entry('1'))
  now += 7 * 24 * 60 * 60 * 1_000
  await Promise.all(Array.from({ length: 9_999 }, (_, index) => audit.append(entry(String(index + 2)))))
  const { end } = await audit.readAfter(undefined)
  await audit.append(entry('1'))
  expect((await audit.readAfter(end)).lines).toEqual([])
})

test('When more events arrive within minutes than the trail remembers by number, then it still knows them', async () => {
  let now = NOON
  const audit = stream(100, () => now)
  const known = async () => Number(await server.command('ZCARD', '{pets}:audit:events'))
  const add = (from: number, count: number) =>
    Promise.all(Array.from({ length: count }, (_, index) => audit.append(entry(String(from + index)))))
  await add(0, 11_000)
  now += 9 * 60 * 1_000
  await add(0, 11_000)
  expect(await known()).toBe(11_000)
  // Later on it forgets the oldest, two for each that is new.
  now += 2 * 60 * 1_000
  await add(20_000, 2_000)
  expect(await known()).toBe(10_000)
})

test('When many entries are added at once, then they take few commands', async () => {
  const audit = stream()
  await audit.append(entry('0'))
  await server.command('CONFIG', 'RESETSTAT')
  await Promise.all(Array.from({ length: 100 }, (_, index) => audit.append(entry(String(index + 1)))))
  const statistics = String(await server.command('INFO', 'commandstats'))
  expect(Number(/cmdstat_evalsha:calls=(\d+)/.exec(statistics)?.[1])).toBe(1)
  expect((await audit.readAfter(undefined)).lines).toHaveLength(101)
})

test('When the stream is not the one that was read before, then the reader is told', async () => {
  const audit = stream()
  await audit.append(entry('1'))
  const { end } = await audit.readAfter(undefined)
  await server.command('FLUSHALL')
  expect(await audit.readAfter(end)).toMatchObject({ lines: [], isNew: true })
})

test('When Redis is away, then an entry is rejected, so that the queue delivers it again', async () => {
  const redis = await startRedis()
  const audit = new AuditStream(sharedRedis(redis.url), 100)
  await audit.append(entry('1'))
  await redis.stop()
  await expect(audit.append(entry('2'))).rejects.toThrow()
})
