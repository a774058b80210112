import { afterAll, expect, test } from 'vitest'
import { createBullMqEngine } from '../../packages/motia-runtime/src/engine/bullmq/bullmq-engine'
import { DAY_MS } from '../../src/pets/pet'
import { closeSharedRedis, sharedRedis } from '../../src/redis/shared-redis'
import { createRedisStore } from '../../src/store/redis/redis-store'
import { petOf } from '../store/build-pet'
import { copyImpatientProject } from '../support/impatient-project'
import { namespaces } from '../support/namespaces'
import { startRedis, type TestRedis } from '../support/redis'
import type { TestServer } from '../support/server'
import { mostRuns } from '../support/ticks'
import { waitFor } from '../support/wait-for'
import { startFleet } from './fleet'

const DUE = 300

/** Enough to keep a reaper busy for a few seconds. */
const MANY_DUE = 3_000

/** How many runs of each reaper a test looks at. */
const RUNS = 6

const byNumber = (one: string, other: string): number => Number(one) - Number(other)

afterAll(closeSharedRedis)

/** Returns the lines of a topic, which is given without its namespace, in the audit trail. */
const auditOf = async (redis: TestRedis, topic: string) => {
  const entries = Object(await redis.command('XRANGE', '{pets}:audit', '-', '+'))
  return [...entries]
    .map(([, fields]) => Object(fields))
    .map(([, at, , name, , , , data]) => ({ at: Number(at), topic: String(name), data: JSON.parse(data) }))
    .filter((line) => line.topic.slice(3) === topic)
}

/** The ids of the pets whose purge is in the audit trail, once for each line. */
const purgesIn = async (redis: TestRedis): Promise<string[]> =>
  (await auditOf(redis, 'pet.purged')).map(({ data }) => String(data.petId))

const due = petOf({ status: 'deleted', deletedAt: 1, purgeAt: 2 })

const runsIn = ({ output }: TestServer): number => output().split('Deletion Reaper completed').length - 1

test('When three instances reap every second, then each pet is purged and announced once, and each tick is run once', async () => {
  const redis = await startRedis()
  const { root } = copyImpatientProject({ reaperCron: '* * * * * *' })
  const store = createRedisStore(sharedRedis(redis.url))
  await Promise.all(Array.from({ length: DUE }, () => store.create(due)))
  const kept = await store.create(petOf())
  const fleet = await startFleet(3, redis.url, { root })

  await waitFor(async () => (await purgesIn(redis)).length >= DUE, { what: `${DUE} purges`, interval: 200 })
  const timesOf = async (namespace: string) =>
    (await auditOf(redis, 'reaper.completed')).flatMap(({ at, topic }) => (topic.startsWith(namespace) ? [at] : []))
  for (const { namespace } of namespaces) {
    await waitFor(async () => (await timesOf(namespace)).length >= RUNS, {
      what: `some ticks in ${namespace}`,
      timeout: 20_000,
    })
  }
  const lines = await purgesIn(redis)
  expect(lines).toHaveLength(DUE)
  expect(new Set(lines).size).toBe(DUE)
  await waitFor(async () => (await store.list()).length === 1, { what: 'the records of the purged pets to go' })
  expect(await store.list()).toEqual([kept])
  const printed = fleet.flatMap(({ output }) => output().match(/💀 Pet permanently purged \{ petId: '\d+'/g) ?? [])
  expect(printed).toHaveLength(DUE)
  expect(new Set(printed).size).toBe(DUE)
  await Promise.all(fleet.map((server) => server.stop()))
  for (const { namespace } of namespaces) {
    const times = await timesOf(namespace)
    expect(times.length).toBeLessThanOrEqual(mostRuns(times))
  }
}, 40_000)

test('When the instance that reaps is killed, then another one goes on with the same tick, and each pet is purged once', async () => {
  const redis = await startRedis()
  const store = createRedisStore(sharedRedis(redis.url))
  const ids = await Promise.all(Array.from({ length: MANY_DUE }, async () => (await store.create(due)).id))
  const kept = await store.create(petOf())
  // One reaper missed its last run, and makes up for it at the start; no other run will come to help.
  const engine = await createBullMqEngine({
    redisUrl: redis.url,
    prefix: 'pets',
    app: 'motia-pet-store',
    traceLimit: 0,
  })
  const run = await engine.leases.begin('JsDeletionReaper', Date.now() - 3 * DAY_MS)
  if (typeof run === 'string') throw new Error(`The lease is ${run}`)
  await run.end()
  await engine.events.shutdown()
  await engine.close()
  const fleet = await startFleet(3, redis.url, { root: copyImpatientProject().root })

  const visible = async () => (await store.list()).filter(({ purged }) => !purged).length
  await waitFor(async () => (await visible()) < MANY_DUE, { what: 'the first purges', interval: 5 })
  const victim = fleet.find((server) => server.output().includes('Reaper started') && runsIn(server) === 0)
  if (!victim) throw new Error('Nobody reaps')
  await victim.kill()
  expect(await visible()).toBeGreaterThan(1)

  await waitFor(async () => (await purgesIn(redis)).length >= MANY_DUE, {
    what: 'every purge in the audit trail',
    timeout: 45_000,
    interval: 200,
  })
  expect(fleet.some(({ output }) => output().includes('Step JsDeletionReaper runs here'))).toBe(true)
  expect((await purgesIn(redis)).toSorted(byNumber)).toEqual(ids.toSorted(byNumber))
  // An event that the victim queued is owed until the others have seen that twice: half a minute.
  await waitFor(async () => (await store.list()).length === 1, { what: 'the purged pets to go', timeout: 45_000 })
  expect(await store.list()).toEqual([kept])
}, 90_000)
