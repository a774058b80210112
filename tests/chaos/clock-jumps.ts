import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { Pets } from '../../src/app/pets'
import { DAY_MS, NAMESPACES, PetNotFoundError, RETENTION_MS } from '../../src/pets/pet'
import { createFileStore } from '../../src/store/file/file-store'
import { buildCreate } from '../store/build-pet'
import { copyImpatientProject } from '../support/impatient-project'
import { RUNTIME, startServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'
import { Client } from './client'
import { Random } from './random'
import { type Chaos, petsIn, readAudit, waitForRest } from './scenario'
import { makeFolder } from './world'

const HOOK = fileURLToPath(new URL('clock-hook.mjs', import.meta.url))

/** Reapers run on a clock that jumps at random. A pet is purged when the clock has reached its stored time, never before. */
export const clockJumps = async ({ seed, say }: Chaos, { jumps }: { jumps: number }): Promise<void> => {
  const random = new Random(seed)
  let now = Date.UTC(2030, 0, 1)
  const store = createFileStore({ dataDir: makeTempDir() })
  const pets = new Pets(store, () => now)
  const due = new Map<string, number>()
  const purges = new Map<string, number>()
  const purge = async (id: string): Promise<boolean> => {
    const purged = await pets.purge(id, ({ id: petId }, purgedAt) => ({
      topic: 'js.pet.purged',
      data: { petId, purgedAt },
    }))
    // Sometimes a run is interrupted before the event is settled.
    if (purged && random.chance(0.7)) await pets.settle(purged.events, 0)
    if (purged) purges.set(id, (purges.get(id) ?? 0) + 1)
    return purged !== null
  }
  for (let jump = 1; jump <= jumps; jump++) {
    now += Math.round((random.next() - 0.45) * 20 * DAY_MS)
    const { pet } = await pets.create(buildCreate(), () => [])
    if (random.chance(0.8)) {
      const { pet: deleted } = await pets.softDelete({ id: pet.id }, ({ id: petId }) => ({
        topic: 'x',
        data: { petId },
      }))
      due.set(pet.id, Number(deleted.purgeAt))
    }
    // The reapers of two namespaces run at once.
    await Promise.all([pets.reap(purge), pets.reap(purge)])
    for (const [id, purgeAt] of due) {
      const isGone = await pets.get(id).then(
        () => false,
        (error) => error instanceof PetNotFoundError,
      )
      assert(isGone || purgeAt > now, `pet ${id} was due and is still there`)
      assert(!isGone || purges.get(id) === 1, `pet ${id} is gone, and was purged ${purges.get(id)} times`)
      if (isGone) due.delete(id)
    }
  }
  for await (const owed of pets.owed()) await pets.settle(owed, 0)
  const left = new Set((await store.list()).map(({ id }) => id))
  assert(
    [...purges.keys()].every((id) => !left.has(id)),
    'a purged pet is still stored',
  )
  assert(purges.size > 0)
  await store.close()
  say(`${jumps} jumps of the clock: ${purges.size} deleted pets purged, none early, none twice`)
}

/** The same on a running server, whose clock is set forward and back. */
export const serverClockJumps = async ({ say }: Chaos): Promise<void> => {
  const { root } = copyImpatientProject({ reaperCron: '* * * * * *' })
  const world = await makeFolder()
  const offsetFile = join(makeTempDir('pet-store-clock-'), 'offset')
  const server = await startServer({
    root,
    dataDir: world.dataDir,
    env: { CLOCK_OFFSET_FILE: offsetFile },
    command: [process.execPath, '--import', HOOK, RUNTIME, 'start'],
  })
  const client = new Client(server.url)
  const create = async (namespace: string) => {
    const { body } = await client.send('POST', `/${namespace}/pets`, { name: 'Rex', species: 'dog', ageMonths: 1 })
    return z.object({ id: z.string(), createdAt: z.number() }).parse(body)
  }
  /** Sets the clock that far ahead, and waits until all reapers have begun and ended a run at that time. */
  const jumpTo = async (offset: number) => {
    const from = Date.now() + offset
    writeFileSync(offsetFile, String(offset))
    const runs = () =>
      readAudit(world.dataDir).filter(
        ({ at, topic }) => topic.endsWith('.reaper.completed') && Math.abs(at - from) < 60_000 && at >= from,
      )
    const counts = () => NAMESPACES.map((ns) => runs().filter(({ topic }) => topic.startsWith(`${ns}.`)).length)
    // The first may have begun before the jump.
    await waitFor(() => Math.min(...counts()) >= 2, { what: 'the reapers to run', timeout: 30_000, seen: counts })
  }
  const isStored = async (id: string) => (await petsIn(world))[id] !== undefined
  const kept = await create('js')
  const deleted = await create('js')
  await client.send('DELETE', `/js/pets/${deleted.id}`)
  for (const offset of [RETENTION_MS - 60_000, -10 * DAY_MS, RETENTION_MS / 2, -DAY_MS]) {
    await jumpTo(offset)
    assert(await isStored(deleted.id), `the pet was purged ${RETENTION_MS - offset} ms early`)
  }
  const later = await create('js')
  assert(later.createdAt < kept.createdAt, 'the clock was not put back')
  await jumpTo(RETENTION_MS + 60_000)
  await waitFor(async () => !(await isStored(deleted.id)), { what: 'the purge' })
  await jumpTo(0)
  assert((await isStored(kept.id)) && (await isStored(later.id)))
  await waitForRest(world, 10_000)
  const purges = readAudit(world.dataDir).filter(({ topic }) => topic.endsWith('.pet.purged'))
  assert.deepEqual(
    purges.map(({ data }) => data.petId),
    [deleted.id],
  )
  client.close()
  assert.equal((await server.stop()).code, 0)
  say('the clock of a running server jumped by up to 30 days, forwards and back: one purge, when it was due')
}
