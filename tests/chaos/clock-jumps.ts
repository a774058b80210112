import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { DAY_MS, NAMESPACES, RETENTION_MS } from '../../src/pets/pet'
import { Pets } from '../../src/pets/pets'
import { createFileStore } from '../../src/store/file/file-store'
import { startServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'
import { Client } from './client'
import { Random } from './random'
import { auditedPets, type Chaos, copyImpatientProject, readAudit, readStore, waitForJobs } from './scenario'

const HOOK = fileURLToPath(new URL('clock-hook.mjs', import.meta.url))

/** Reapers run on a clock that jumps at random: a pet goes when the clock has reached the time stored with it, never before. */
export const clockJumps = async ({ seed, say }: Chaos, { jumps }: { jumps: number }): Promise<void> => {
  const random = new Random(seed)
  const dataDir = makeTempDir()
  let now = Date.UTC(2030, 0, 1)
  const pets = new Pets(createFileStore({ dataDir }), () => now)
  const due = new Map<string, number>()
  const announced = new Map<string, Set<number>>()
  const purged = new Set<string>()
  for (let jump = 1; jump <= jumps; jump++) {
    now += Math.round((random.next() - 0.45) * 20 * DAY_MS)
    const { id } = await pets.create(random.pick(NAMESPACES), { name: 'Rex', species: 'dog', ageMonths: 1 })
    if (random.chance(0.8)) due.set(id, (await pets.softDelete(id)).deletion.purgeAt)
    // Now and then a run is cut off after its announcement.
    const isCutOff = random.chance(0.3)
    const result = await pets.reap(random.pick(NAMESPACES), async (pet) => {
      const times = announced.get(pet.id) ?? new Set()
      announced.set(pet.id, times.add(Number(pet.purgeClaim?.purgedAt)))
      const purgeAt = due.get(pet.id)
      assert(purgeAt !== undefined && Number(pet.purgeClaim?.purgedAt) >= purgeAt, `pet ${pet.id} was purged early`)
      if (isCutOff) throw new Error('The run was cut off')
    })
    for (const pet of result.purged) {
      assert(!purged.has(pet.id), `pet ${pet.id} was purged twice`)
      purged.add(pet.id)
    }
    for (const [id, purgeAt] of due) {
      if (announced.has(id) || purgeAt > now) continue
      assert.fail(`pet ${id} was due and not purged`)
    }
  }
  // Claims of runs that were cut off are taken over, also those made when the clock was ahead.
  now -= 365 * DAY_MS
  for (const namespace of NAMESPACES) await pets.reap(namespace, async () => {})
  for (const [id, times] of announced) {
    assert.equal(times.size, 1, `the purge of pet ${id} was announced as ${times.size} different ones`)
    await assert.rejects(pets.get(id), `pet ${id} is back`)
    assert.equal(readStore(dataDir).pets[id], undefined, `pet ${id} was announced and is still stored`)
  }
  assert(announced.size > 0)
  say(`${jumps} jumps of the clock: ${announced.size} of ${due.size} deleted pets purged, none early, none twice`)
}

/** The same on a running server, whose clock is put forward and back. */
export const serverClockJumps = async ({ say }: Chaos): Promise<void> => {
  const { root } = copyImpatientProject()
  const offsetFile = join(makeTempDir('pet-store-clock-'), 'offset')
  const server = await startServer({
    root,
    env: { CLOCK_OFFSET_FILE: offsetFile },
    command: [process.execPath, '--import', HOOK, '--import', 'tsx', 'src/server/main.ts', 'start'],
  })
  const client = new Client(server.url)
  const create = async (namespace: string) => {
    const { body } = await client.send('POST', `/${namespace}/pets`, { name: 'Rex', species: 'dog', ageMonths: 1 })
    return z.object({ id: z.string(), createdAt: z.number() }).parse(body)
  }
  /** Puts the clock so far ahead, and waits until all three reapers have run by that clock. */
  const jumpTo = async (offset: number) => {
    writeFileSync(offsetFile, String(offset))
    await sleep(100)
    const from = Date.now() + offset
    const runs = () =>
      readAudit(server.dataDir).filter(
        ({ at, topic }) => topic.endsWith('.reaper.completed') && Math.abs(at - from) < 60_000 && at >= from,
      )
    await waitFor(() => new Set(runs().map(({ topic }) => topic)).size === 3, {
      what: 'the reapers to run',
      timeout: 30_000,
      interval: 100,
    })
  }
  const kept = await create('js')
  const deleted = await create('ts')
  await client.send('DELETE', `/py/pets/${deleted.id}`)
  const isStored = (id: string) => readStore(server.dataDir).pets[id] !== undefined
  for (const offset of [RETENTION_MS - 60_000, -10 * DAY_MS, RETENTION_MS / 2, -DAY_MS]) {
    await jumpTo(offset)
    assert(isStored(deleted.id), `the pet was purged ${RETENTION_MS - offset} ms early`)
  }
  const later = await create('py')
  assert(later.createdAt < kept.createdAt, 'the clock was not put back')
  await waitForJobs(server.dataDir, 60_000)
  await jumpTo(RETENTION_MS + 60_000)
  await waitFor(() => !isStored(deleted.id), { what: 'the purge' })
  await jumpTo(0)
  assert(isStored(kept.id) && isStored(later.id))
  assert.deepEqual([...auditedPets(server.dataDir, '.pet.purged')], [[deleted.id, 1]])
  await create('js')
  await waitForJobs(server.dataDir, 60_000)
  client.close()
  assert.equal((await server.stop()).code, 0)
  say('the clock of a running server jumped by up to 30 days, forwards and back: one purge, when it was due')
}
