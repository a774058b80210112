import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS } from '../../src/pets/pet'
import { atRest } from '../support/at-rest'
import { logLines } from '../support/log-lines'
import { namespaces } from '../support/namespaces'
import { petsApi } from '../support/pets-api'
import { copyProject, type ProjectCopy } from '../support/project-copy'
import { startServer, type TestServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { mostRuns } from '../support/ticks'
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

/** How many runs of each reaper a test looks at. */
const RUNS = 6

const auditOf = ({ audit }: TestServer, topic: string) => audit().filter((line) => line.topic.endsWith(topic))

describe('reapers whose cron is set to every second', () => {
  let project: ProjectCopy
  beforeAll(() => {
    project = copyProject()
    for (const { folder } of namespaces) {
      project.edit(`steps/${folder}/deletion-reaper.cron.step.ts`, /cron: '.*'/, "cron: '* * * * * *'")
    }
  })

  test('When a pet is due, then one reaper purges it, emits an event, and the id is not used again', async () => {
    const { dataDir } = folderWith(1)
    const server = await startServer({ root: project.root, dataDir })
    const purge = await waitFor(() => auditOf(server, 'pet.purged')[0], { what: 'the purge' })
    expect(purge.data).toEqual({
      ...{ petId: '3', name: 'Pet 3', deletedAt: DELETED_AT, purgeAt: PURGE_AT },
      purgedAt: expect.any(Number),
    })
    const namespace = purge.topic.split('.')[0]
    const runOfPurge = () => auditOf(server, 'reaper.completed').find(({ traceId }) => traceId === purge.traceId)
    const run = await waitFor(runOfPurge, { what: 'the end of its run' })
    expect(run).toMatchObject({
      topic: `${namespace}.reaper.completed`,
      data: { totalScanned: expect.any(Number), purgedCount: 1, failedCount: 0 },
    })
    const { prefix } = namespaces.find((one) => one.namespace === namespace) ?? { prefix: '' }
    const linesOfPurge = () => logLines(server.output()).filter(({ traceId }) => traceId === purge.traceId)
    const lines = await waitFor(() => linesOfPurge().length >= 3 && linesOfPurge(), { what: 'the lines of the run' })
    expect(lines.map(({ step, text }) => `${step} ${text}`)).toEqual([
      `${prefix}DeletionReaper 🔄 Deletion Reaper started - scanning for pets to purge`,
      `${prefix}DeletionReaper 💀 Pet permanently purged { petId: '3', name: 'Pet 3', deletedAt: '${new Date(DELETED_AT).toISOString()}', purgeAt: '${new Date(PURGE_AT).toISOString()}' }`,
      `${prefix}DeletionReaper ✅ Deletion Reaper completed { totalScanned: ${run.data.totalScanned}, purgedCount: 1, failedCount: 0 }`,
    ])

    const api = petsApi(server.url, 'js')
    await api.get('3').expect(404)
    await api.get('2').expect(200)
    expect(Object.keys((await atRest(server)).pets)).toEqual(['1', '2'])
    const { body } = await api.create().expect(201)
    expect(body.id).toBe('4')
    // Each namespace goes on, and finds nothing to purge.
    await waitFor(() => new Set(auditOf(server, 'reaper.completed').map(({ topic }) => topic)).size === 3, {
      what: 'a run in each namespace',
    })
    expect(auditOf(server, 'pet.purged')).toHaveLength(1)
    await server.stop()
  })

  test('When three servers share the folder, then each pet is purged once, and each tick is run once', async () => {
    const { dataDir, ids } = folderWith(30)
    const servers = await Promise.all([1, 2, 3].map(() => startServer({ root: project.root, dataDir })))
    const [first] = servers
    if (!first) throw new Error('There is no server')
    const purges = () => auditOf(first, 'pet.purged').map(({ data }) => String(data.petId))
    await waitFor(() => purges().length >= ids.length, { what: 'all purges', seen: purges })
    const timesOf = (namespace: string) => auditOf(first, `${namespace}.reaper.completed`).map(({ at }) => at)
    await waitFor(() => namespaces.every(({ namespace }) => timesOf(namespace).length >= RUNS), {
      what: 'some ticks',
      timeout: 20_000,
    })
    expect(purges().sort()).toEqual([...ids].sort())
    const counts = auditOf(first, 'reaper.completed').map(({ data }) => Number(data.purgedCount))
    expect(counts.reduce((sum, one) => sum + one, 0)).toBe(ids.length)
    expect(Object.keys((await atRest(first)).pets)).toEqual(['1', '2'])
    await Promise.all(servers.map((server) => server.stop()))
    for (const { namespace } of namespaces)
      expect(timesOf(namespace).length).toBeLessThanOrEqual(mostRuns(timesOf(namespace)))
  }, 30_000)
})
