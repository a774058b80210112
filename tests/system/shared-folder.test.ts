import { expect, test } from 'vitest'
import { WELCOME_NOTES } from '../../src/pets/pet'
import { atRest } from '../support/at-rest'
import { namespaces } from '../support/namespaces'
import { petsApi } from '../support/pets-api'
import { startServer, type TestServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'

const COUNT = 60

const namespaceOf = (index: number) => namespaces[index % 3]?.namespace ?? 'js'

/** How often each event of these pets is in the audit trail, by topic without its namespace and by pet. */
const eventsOf = (server: TestServer, ids: Set<string>): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const { topic, data } of server.audit()) {
    if (!ids.has(String(data.petId))) continue
    const key = `${topic.slice(3)} ${data.petId}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/**
 * How long a server may take, in ms, to emit or forget what a killed one left: an event that was stored and not yet
 * queued, or handled and not yet settled, is owed until the other server has seen that twice, in half a minute.
 */
const SWEEPS_MS = 45_000

const startTwo = () => {
  const dataDir = makeTempDir()
  return Promise.all([startServer({ dataDir }), startServer({ dataDir })])
}

test('When two servers share a folder, then each sees what the other does at once, and each event is audited once', async () => {
  const [one, two] = await startTwo()
  const ids = await Promise.all(
    Array.from({ length: COUNT }, async (_, index) => {
      const [server, other] = index % 2 === 0 ? [one, two] : [two, one]
      const { body: pet } = await petsApi(server.url, namespaceOf(index)).create().expect(201)
      await petsApi(other.url, namespaceOf(index)).update(pet.id, { ageMonths: index }).expect(200)
      const { body } = await petsApi(server.url, 'js').get(pet.id).expect(200)
      expect(body.ageMonths).toBe(index)
      return String(pet.id)
    }),
  )
  expect(new Set(ids).size).toBe(COUNT)
  await waitFor(() => eventsOf(one, new Set(ids)).size === 2 * COUNT, { what: 'two events of each pet' })
  for (const pet of Object.values((await atRest(one)).pets)) expect(pet.notes).toBe(WELCOME_NOTES)
  expect([...eventsOf(one, new Set(ids)).values()]).toEqual(Array(2 * COUNT).fill(1))
  for (const server of [one, two]) expect((await server.stop()).code).toBe(0)
})

test('When one of them is killed, then the other handles its jobs and emits its events, without a restart', async () => {
  const [victim, other] = await startTwo()
  const ids = new Set<string>()
  const requests = Array.from({ length: COUNT }, async (_, index) => {
    const { body } = await petsApi(victim.url, namespaceOf(index)).create()
    ids.add(String(body.id))
  })
  await Promise.race(requests)
  await victim.kill()
  await Promise.allSettled(requests)
  expect(ids.size).toBeGreaterThan(0)
  await waitFor(() => [...ids].every((id) => eventsOf(other, new Set([id])).size === 2), {
    what: 'two events of each pet',
    timeout: SWEEPS_MS,
    interval: 100,
    seen: () => Object.fromEntries(eventsOf(other, ids)),
  })
  const store = await atRest(other, SWEEPS_MS)
  for (const id of ids) expect(store.pets[id]).toMatchObject({ notes: WELCOME_NOTES })
  expect(new Set(eventsOf(other, ids).values())).toEqual(new Set([1]))
  expect((await other.stop()).code).toBe(0)
}, 60_000)
