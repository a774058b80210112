import { afterAll, expect, test } from 'vitest'
import { closeSharedRedis, sharedRedis } from '../../src/redis/shared-redis'
import { createRedisStore } from '../../src/store/redis/redis-store'
import { petOf } from '../store/build-pet'
import { namespaces } from '../support/namespaces'
import { copyProject, type ProjectCopy } from '../support/project-copy'
import { startRedis, type TestRedis } from '../support/redis'
import type { TestServer } from '../support/server'
import { waitFor } from '../support/wait-for'
import { startFleet } from './fleet'

const DUE = 300

/** As many as keep the reapers busy for some seconds. */
const MANY_DUE = 3_000

const byNumber = (one: string, other: string): number => Number(one) - Number(other)

afterAll(closeSharedRedis)

/** A copy of this project whose reapers run by that schedule. */
const withReapersAt = (schedule: string): ProjectCopy => {
  const project = copyProject()
  for (const { folder } of namespaces) {
    project.edit(`steps/${folder}/deletion-reaper.cron.step.ts`, "cron: '0 2 * * *'", `cron: '${schedule}'`)
  }
  return project
}

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

test('When the reapers of all instances run at the same second, each second, then each pet is purged and announced once', async () => {
  const redis = await startRedis()
  const project = withReapersAt('* * * * * *')
  // Every instance gets its turn: a tick would belong to one of them for half a minute.
  project.edit('src/runtime/cron-runs.ts', /TICK_LOCK_MS = [\d_]+/, 'TICK_LOCK_MS = 1')
  const fleet = await startFleet(3, redis.url, { root: project.root })
  const store = createRedisStore(sharedRedis(redis.url))
  await Promise.all(Array.from({ length: DUE }, () => store.create(due)))
  const kept = await store.create(petOf())

  await waitFor(async () => (await purgesIn(redis)).length >= DUE, {
    timeout: 30_000,
    what: `${DUE} purges`,
    interval: 200,
  })
  // All that were sent before these have been heard: each instance runs its reapers twice more.
  const rounds = fleet.map((server) => server.output().length)
  await Promise.all(
    fleet.map((server, index) =>
      server.printed(/Reaper completed[\s\S]*Reaper completed/, { from: rounds[index], timeout: 30_000 }),
    ),
  )
  const lines = await purgesIn(redis)
  expect(lines).toHaveLength(DUE)
  expect(new Set(lines).size).toBe(DUE)
  expect(await store.list()).toEqual([kept])
  const printed = fleet.flatMap((server) => server.output().match(/💀 Pet permanently purged \{ petId: '\d+'/g) ?? [])
  expect(printed).toHaveLength(DUE)
  expect(new Set(printed).size).toBe(DUE)
})

test('When the instance that reaps is killed, then another goes on before the next tick, and each pet is purged once', async () => {
  const redis = await startRedis()
  const store = createRedisStore(sharedRedis(redis.url))
  const ids = await Promise.all(Array.from({ length: MANY_DUE }, async () => (await store.create(due)).id))
  const kept = await store.create(petOf())
  // One tick, when the instances have started: no other will come to help.
  const tick = new Date(Date.now() + 25_000)
  const { root } = withReapersAt(`${tick.getSeconds()} ${tick.getMinutes()} * * * *`)
  const fleet = await startFleet(3, redis.url, { root })

  const count = async () => Number(await redis.command('ZCARD', '{pets}:ids'))
  const isReaping = (server: TestServer) => {
    const output = server.output()
    return output.split('Reaper started').length > output.split('Reaper completed').length
  }
  await waitFor(async () => (await count()) < MANY_DUE - 200, {
    what: 'the first purges',
    timeout: 60_000,
    interval: 5,
  })
  const victim = fleet.find(isReaping)
  if (!victim) throw new Error('Nobody reaps')
  await victim.stop('SIGKILL')
  const killedAt = Date.now()
  expect(await count()).toBeGreaterThan(1)

  await waitFor(async () => (await count()) === 1, { what: 'all purges', timeout: 60_000, interval: 100 })
  expect(Date.now() - killedAt).toBeLessThan(25_000)
  expect(fleet.some((server) => server.output().includes('the instance that ran it is gone'))).toBe(true)
  await waitFor(async () => (await purgesIn(redis)).length >= MANY_DUE, {
    what: 'every purge in the audit trail',
    timeout: 30_000,
  })
  expect((await purgesIn(redis)).toSorted(byNumber)).toEqual(ids.toSorted(byNumber))
  expect(await store.list()).toEqual([kept])
})
