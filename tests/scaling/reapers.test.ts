import { afterAll, expect, test } from 'vitest'
import { closeSharedRedis, sharedRedis } from '../../src/redis/shared-redis'
import { createRedisStore } from '../../src/store/redis/redis-store'
import { petOf } from '../store/build-pet'
import { namespaces } from '../support/namespaces'
import { copyProject } from '../support/project-copy'
import { waitFor } from '../support/wait-for'
import { startFleet } from './fleet'
import { startRedis } from './redis-server'

const DUE = 300

afterAll(closeSharedRedis)

test('When the reapers of all instances run at the same second, each second, then each pet is purged and announced once', async () => {
  const redis = await startRedis()
  const project = copyProject()
  for (const { folder } of namespaces) {
    project.edit(`steps/${folder}/deletion-reaper.cron.step.ts`, "cron: '0 2 * * *'", "cron: '* * * * * *'")
  }
  // Every instance gets its turn: a tick would belong to one of them for half a minute.
  project.edit('src/runtime/cron-runs.ts', /TICK_LOCK_MS = [\d_]+/, 'TICK_LOCK_MS = 1')
  const fleet = await startFleet(3, redis.url, { root: project.root })
  const store = createRedisStore(sharedRedis(redis.url))
  const due = petOf({ status: 'deleted', deletedAt: 1, purgeAt: 2 })
  await Promise.all(Array.from({ length: DUE }, () => store.create(due)))
  const kept = await store.create(petOf())

  const purgedLines = async (): Promise<string[]> => {
    const entries = Object(await redis.command('XRANGE', '{pets}:audit', '-', '+'))
    return [...entries]
      .map(([, fields]) => Object(fields))
      .flatMap(([, , , topic, , , , data]) =>
        String(topic).endsWith('.pet.purged') ? [String(JSON.parse(data).petId)] : [],
      )
  }
  await waitFor(async () => (await purgedLines()).length >= DUE, {
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
  const lines = await purgedLines()
  expect(lines).toHaveLength(DUE)
  expect(new Set(lines).size).toBe(DUE)
  expect(await store.list()).toEqual([kept])
  const printed = fleet.flatMap((server) => server.output().match(/💀 Pet permanently purged \{ petId: '\d+'/g) ?? [])
  expect(printed).toHaveLength(DUE)
  expect(new Set(printed).size).toBe(DUE)
})
