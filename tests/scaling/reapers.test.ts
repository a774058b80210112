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
import { waitFor } from '../support/wait-for'
import { startFleet } from './fleet'

const DUE = 300

/** As many as keep a reaper busy for some seconds. */
const MANY_DUE = 3_000

const byNumber = (one: string, other: string): number => Number(one) - Number(other)

afterAll(closeSharedRedis)

/** The ids of the pets whose purge is in the audit trail, once for each line. */
const purgesIn = async (redis: TestRedis): Promise<string[]> => {
  const entries = Object(await redis.command('XRANGE', '{pets}:audit', '-', '+'))
  return [...entries]
    .map(([, fields]) => Object(fields))
    .flatMap(([, , , topic, , , , data]) =>
      String(topic).endsWith('.pet.purged') ? [String(JSON.parse(data).petId)] : [],
    )
}

const due = petOf({ status: 'deleted', deletedAt: 1, purgeAt: 2 })

const runsIn = ({ output }: TestServer): number => output().split('Deletion Reaper completed').length - 1

test('When three instances reap every second, then each pet is purged and announced once, and each tick is run once', async () => {
  const redis = await startRedis()
  const { root } = copyImpatientProject({ reaperCron: '* * * * * *' })
  const store = createRedisStore(sharedRedis(redis.url))
  await Promise.all(Array.from({ length: DUE }, () => store.create(due)))
  const kept = await store.create(petOf())
  const begunAt = Date.now()
  const fleet = await startFleet(3, redis.url, { root })

  await waitFor(async () => (await purgesIn(redis)).length >= DUE, { what: `${DUE} purges`, interval: 200 })
  const runs = () => fleet.reduce((sum, server) => sum + runsIn(server), 0)
  // Nothing that was sent before these is still on its way.
  const before = runs()
  await waitFor(() => runs() >= before + 2 * namespaces.length, { what: 'two more ticks' })
  const lines = await purgesIn(redis)
  expect(lines).toHaveLength(DUE)
  expect(new Set(lines).size).toBe(DUE)
  await waitFor(async () => (await store.list()).length === 1, { what: 'the records of the purged pets to go' })
  expect(await store.list()).toEqual([kept])
  const printed = fleet.flatMap(({ output }) => output().match(/💀 Pet permanently purged \{ petId: '\d+'/g) ?? [])
  expect(printed).toHaveLength(DUE)
  expect(new Set(printed).size).toBe(DUE)
  await Promise.all(fleet.map((server) => server.stop()))
  // There is a tick each second: if each instance ran it, there would be three times as many runs.
  expect(runs()).toBeLessThanOrEqual(namespaces.length * ((Date.now() - begunAt) / 1_000 + 1))
}, 40_000)

test('When the instance that reaps is killed, then another one goes on with the same tick, and each pet is purged once', async () => {
  const redis = await startRedis()
  const store = createRedisStore(sharedRedis(redis.url))
  const ids = await Promise.all(Array.from({ length: MANY_DUE }, async () => (await store.create(due)).id))
  const kept = await store.create(petOf())
  // One reaper missed its last run, and makes up for it at the start; no other run will come to help.
  const engine = await createBullMqEngine({ redisUrl: redis.url, prefix: 'pets', traceLimit: 0 })
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
    timeout: 50_000,
    interval: 200,
  })
  expect(fleet.some(({ output }) => output().includes('Step JsDeletionReaper runs here'))).toBe(true)
  expect((await purgesIn(redis)).toSorted(byNumber)).toEqual(ids.toSorted(byNumber))
  await waitFor(async () => (await store.list()).length === 1, { what: 'the records of the purged pets to go' })
  expect(await store.list()).toEqual([kept])
}, 80_000)
