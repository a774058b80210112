import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS } from '../../src/pets/pet'
import { logLines } from '../support/log-lines'
import { namespaces } from '../support/namespaces'
import { petsApi } from '../support/pets-api'
import { copyProject, type ProjectCopy } from '../support/project-copy'
import { startRedis } from '../support/redis'
import { startServer, type TestServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'

const DELETED_AT = Date.now() - 31 * DAY_MS
const PURGE_AT = DELETED_AT + 30 * DAY_MS

const pet = (id: number, fields: object) => ({
  ...{ id: String(id), name: `Pet ${id}`, species: 'dog', ageMonths: 12, status: 'new' },
  ...{ createdAt: DELETED_AT - DAY_MS, updatedAt: DELETED_AT, notes: 'Hello', nextFeedingAt: DELETED_AT },
  ...fields,
})

/** A data folder with a pet that stays, one whose time has not come, and `due` pets whose 30 days are over. */
const folderWith = (due: number): { dataDir: string; ids: string[] } => {
  const dataDir = makeTempDir()
  const now = Date.now()
  const ids = Array.from({ length: due }, (_, index) => String(index + 3))
  const pets = [
    pet(1, {}),
    pet(2, { status: 'deleted', deletedAt: now, purgeAt: now + 30 * DAY_MS }),
    ...ids.map((id) => pet(Number(id), { status: 'deleted', deletedAt: DELETED_AT, purgeAt: PURGE_AT })),
  ]
  const store = { seq: due + 3, pets: Object.fromEntries(pets.map((one) => [one.id, one])) }
  writeFileSync(join(dataDir, 'pets.json'), JSON.stringify(store, null, 2))
  return { dataDir, ids }
}

const auditOf = ({ audit }: TestServer, topic: string) => audit().filter((line) => line.topic.endsWith(topic))

describe('reapers whose cron is set to every second', () => {
  let project: ProjectCopy
  beforeAll(() => {
    project = copyProject()
    for (const { folder } of namespaces) {
      project.edit(`steps/${folder}/deletion-reaper.cron.step.ts`, "cron: '0 2 * * *'", "cron: '* * * * * *'")
    }
  })

  test('When a pet is due, then one reaper purges it, says so, and the id is not given again', async () => {
    const { dataDir } = folderWith(1)
    const server = await startServer({ root: project.root, dataDir })
    await waitFor(() => auditOf(server, 'reaper.completed').length >= 3, { what: 'three runs', timeout: 20_000 })
    await waitFor(() => auditOf(server, 'pet.purged').length >= 1, { what: 'the purge', timeout: 20_000 })

    const runs = auditOf(server, 'reaper.completed')
    expect(runs.map(({ topic }) => topic).sort()).toEqual(
      namespaces.map(({ namespace }) => `${namespace}.reaper.completed`).sort(),
    )
    const [purge, ...others] = auditOf(server, 'pet.purged')
    expect(others).toEqual([])
    expect(purge?.data).toEqual({
      ...{ petId: '3', name: 'Pet 3', deletedAt: DELETED_AT, purgeAt: PURGE_AT },
      purgedAt: expect.any(Number),
    })
    const namespace = purge?.topic.split('.')[0]
    for (const { topic, data } of runs) {
      expect(data).toEqual({
        totalScanned: expect.any(Number),
        purgedCount: topic.startsWith(`${namespace}.`) ? 1 : 0,
        failedCount: 0,
      })
    }
    const { prefix } = namespaces.find((one) => one.namespace === namespace) ?? { prefix: '' }
    const linesOfPurge = () => logLines(server.output()).filter(({ traceId }) => traceId === purge?.traceId)
    const lines = await waitFor(() => linesOfPurge().length >= 3 && linesOfPurge(), { what: 'the lines of the run' })
    expect(lines.map(({ step, text }) => `${step} ${text}`)).toEqual([
      `${prefix}DeletionReaper 🔄 Deletion Reaper started - scanning for pets to purge`,
      `${prefix}DeletionReaper 💀 Pet permanently purged { petId: '3', name: 'Pet 3', deletedAt: '${new Date(DELETED_AT).toISOString()}', purgeAt: '${new Date(PURGE_AT).toISOString()}' }`,
      `${prefix}DeletionReaper ✅ Deletion Reaper completed { totalScanned: 3, purgedCount: 1, failedCount: 0 }`,
    ])

    const api = petsApi(server.url, 'js')
    await api.get('3').expect(404)
    expect(Object.keys(server.store().pets)).toEqual(['1', '2'])
    await api.get('2').expect(200)
    const { body } = await api.create().expect(201)
    expect(body.id).toBe('4')
    await server.stop()
  })

  test.each([
    { what: 'share a Redis, and with it each tick', databases: [0, 0, 0], runs: 3 },
    { what: 'have queues of their own, so that nine reapers run at once', databases: [1, 2, 3], runs: 9 },
  ])('When three processes on one data folder $what, then each pet is purged once', async ({ databases, runs }) => {
    const redis = await startRedis()
    const { dataDir, ids } = folderWith(30)
    const servers = await Promise.all(
      databases.map((database) =>
        startServer({ root: project.root, dataDir, env: { REDIS_URL: `${redis.url}/${database}` } }),
      ),
    )
    const [first] = servers
    if (!first) throw new Error('There is no server')
    await waitFor(() => auditOf(first, 'pet.purged').length >= ids.length, {
      what: 'all purges',
      timeout: 40_000,
      seen: () => first.audit().slice(-3),
    })
    await waitFor(() => auditOf(first, 'reaper.completed').length >= runs, { what: `${runs} runs`, timeout: 40_000 })
    const purged = auditOf(first, 'pet.purged').map(({ data }) => String(data.petId))
    expect(purged.sort()).toEqual([...ids].sort())
    const counts = auditOf(first, 'reaper.completed').map(({ data }) => Number(data.purgedCount))
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(ids.length)
    expect(Object.keys(first.store().pets)).toEqual(['1', '2'])
    await Promise.all(servers.map((server) => server.stop()))
  })
})
