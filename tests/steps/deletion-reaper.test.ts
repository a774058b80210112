import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { DAY_MS, type StoredPet } from '../../src/pets/pet'
import { applyUpdate } from '../../src/pets/pet-changes'
import { StoreError } from '../../src/store/store'
import { buildPet } from '../store/build-pet'
import type { CronStep } from './call-step'
import { everyNamespace } from './every-namespace'
import { anyId, type EmittedEvent, fakeContext } from './fake-context'
import { givenPets, store, storedPet } from './step-store'

const DELETED = Date.UTC(2022, 0, 1)
const PURGE = Date.UTC(2022, 0, 31)
const NIGHT = Date.UTC(2022, 1, 1, 2)

const { pets } = await import('../../src/app/pets')

const steps = await everyNamespace<CronStep>('deletion-reaper.cron')

/** A pet that was soft-deleted on New Year's Day, to be purged on the last of January. */
const buildDeleted = (fields: Partial<StoredPet> & { id: string }): StoredPet =>
  buildPet({ status: 'deleted', deletedAt: DELETED, purgeAt: PURGE, ...fields })

/** The ids of the pets that readers see. */
const visibleIds = async () => (await pets.list()).map(({ id }) => id)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NIGHT })
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

describe.each(steps)('%s: DeletionReaper', (ns, step) => {
  const completed = (totalScanned: number, purgedCount: number, failedCount: number): EmittedEvent => ({
    topic: `${ns}.reaper.completed`,
    data: { type: 'reaper.completed', totalScanned, purgedCount, failedCount },
  })
  const purged = (petId: string): EmittedEvent => ({
    id: anyId,
    topic: `${ns}.pet.purged`,
    data: { type: 'pet.purged', petId, name: 'Buddy', deletedAt: DELETED, purgeAt: PURGE, purgedAt: NIGHT },
  })

  test('When pets are due, then no reader sees them any more, and each has its one event', async () => {
    const kept = buildPet({ id: '1' })
    givenPets(kept, buildDeleted({ id: '2' }), buildDeleted({ id: '3' }))
    const context = fakeContext()

    await step.handler(context)

    expect(await pets.list()).toEqual([kept])
    expect(context.emitted).toEqual([purged('2'), purged('3'), completed(3, 2, 0)])
  })

  test('When the event of a purge is settled, then nothing of the pet is left', async () => {
    givenPets(buildDeleted({ id: '1' }))
    const context = fakeContext()
    await step.handler(context)
    expect((await storedPet('1'))?.owed).toEqual(context.emitted.slice(0, 1))

    await pets.settle(context.emitted, 0)

    expect(await store.list()).toEqual([])
  })

  test("When pets are purged, then the log says so in the spec's words", async () => {
    givenPets(buildPet({ id: '1' }), buildDeleted({ id: '2' }))
    const context = fakeContext()

    await step.handler(context)

    const pet = {
      ...{ petId: '2', name: 'Buddy' },
      ...{ deletedAt: '2022-01-01T00:00:00.000Z', purgeAt: '2022-01-31T00:00:00.000Z' },
    }
    const counts = { totalScanned: 2, purgedCount: 1, failedCount: 0 }
    expect(context.logged).toEqual([
      ['info', '🔄 Deletion Reaper started - scanning for pets to purge', undefined],
      ['info', '💀 Pet permanently purged', pet],
      ['info', '✅ Deletion Reaper completed', counts],
    ])
    expect(context.logged.map(([, , details]) => Object.keys(details ?? {}))).toEqual([
      [],
      Object.keys(pet),
      Object.keys(counts),
    ])
  })

  test('When nothing is due, then nothing changes, but the run is reported', async () => {
    givenPets(buildPet({ id: '1' }), buildDeleted({ id: '2', purgeAt: NIGHT + 1 }))
    const before = await store.revision()
    const context = fakeContext()

    await step.handler(context)

    expect(await store.revision()).toBe(before)
    expect(context.emitted).toEqual([completed(2, 0, 0)])
    expect(context.logged).toHaveLength(2)
  })

  test('When a pet is due one ms from now, then it stays; when it has just become due, then it is purged', async () => {
    givenPets(buildDeleted({ id: '1' }))

    vi.setSystemTime(PURGE - 1)
    await step.handler(fakeContext())
    expect(await visibleIds()).toEqual(['1'])

    vi.setSystemTime(PURGE)
    await step.handler(fakeContext())
    expect(await visibleIds()).toEqual([])
  })

  test('When the clock jumps back, then nothing is purged early', async () => {
    givenPets(buildDeleted({ id: '1' }))
    vi.setSystemTime(DELETED - 365 * DAY_MS)
    await step.handler(fakeContext())
    expect(await visibleIds()).toEqual(['1'])
  })

  test.each<[what: string, fields: Partial<StoredPet>]>([
    ['is restored, with a purgeAt left behind', { status: 'available' }],
    ['is deleted without a purgeAt', { purgeAt: null }],
  ])('When a pet %s, then it is not purged', async (_, fields) => {
    givenPets(buildDeleted({ id: '1', ...fields }))
    const context = fakeContext()
    await step.handler(context)
    expect(await visibleIds()).toEqual(['1'])
    expect(context.emitted).toEqual([completed(1, 0, 0)])
  })

  test('When purgeAt was set to the past by hand and deletedAt is missing, then the pet is still purged', async () => {
    givenPets(buildDeleted({ id: '1', deletedAt: null, purgeAt: 0 }))
    const context = fakeContext()
    await step.handler(context)
    expect(await visibleIds()).toEqual([])
    expect(context.emitted[0]?.data).toMatchObject({ petId: '1', deletedAt: 0, purgeAt: 0, purgedAt: NIGHT })
  })

  test('When the event of a purge is emitted, then the purge and the event are already stored', async () => {
    givenPets(buildDeleted({ id: '1' }))
    const stored: unknown[] = []
    const context = fakeContext({
      onEmit: async ({ id }) => {
        const pet = await storedPet('1')
        stored.push([pet?.purged, pet?.owed?.some((event) => event.id === id)])
      },
    })

    await step.handler(context)

    expect(stored[0]).toEqual([true, true])
  })

  test('When a pet is restored while the reaper is at work, then it stays', async () => {
    givenPets(buildDeleted({ id: '1' }), buildDeleted({ id: '2' }))
    const { page } = store
    // Between the scan and the purge.
    vi.spyOn(store, 'page').mockImplementation(async (...args) => {
      const found = await page.apply(store, args)
      await store.update('2', (pet) => applyUpdate(pet, { status: 'available' }, NIGHT))
      return found
    })
    const context = fakeContext()

    await step.handler(context)

    expect(await pets.list()).toMatchObject([{ id: '2', status: 'available' }])
    expect(context.emitted).toEqual([purged('1'), completed(2, 1, 0)])
  })

  test('When a pet cannot be purged, then the others are, the run fails without "completed", and the next one purges it', async () => {
    givenPets(buildDeleted({ id: '1' }), buildDeleted({ id: '2' }))
    const full = new StoreError('STORE_FULL', 'There is no space left')
    const { update } = store
    const failing = vi.spyOn(store, 'update').mockImplementation(async (id, change) => {
      if (id === '1') throw full
      return update.call(store, id, change)
    })
    const first = fakeContext()

    await expect(step.handler(first)).rejects.toThrow()

    expect(first.emitted).toEqual([purged('2'), completed(2, 1, 1)])
    expect(first.logged.map(([level, message]) => [level, message])).toEqual([
      ['info', '🔄 Deletion Reaper started - scanning for pets to purge'],
      ['info', '💀 Pet permanently purged'],
      ['error', 'Pet not purged'],
    ])
    expect(first.logged.at(-1)?.[2]).toEqual({ error: full })

    failing.mockRestore()
    const second = fakeContext()
    await step.handler(second)

    expect(second.emitted).toEqual([purged('1'), completed(1, 1, 0)])
    expect(await visibleIds()).toEqual([])
  })

  test('When the queues refuse the event of a purge, then the pet still owes it, and no later run purges the pet again', async () => {
    givenPets(buildDeleted({ id: '1' }))
    const first = fakeContext({
      onEmit: ({ topic }) => {
        if (topic.endsWith('.pet.purged')) throw new Error('no queue')
      },
    })
    await expect(step.handler(first)).rejects.toThrow()
    expect((await storedPet('1'))?.owed).toEqual([purged('1')])

    const second = fakeContext()
    await step.handler(second)

    expect(second.emitted).toEqual([completed(0, 0, 0)])
  })

  test('When several runs start at once, then each pet is purged once', async () => {
    givenPets(...['1', '2', '3'].map((id) => buildDeleted({ id })))
    const context = fakeContext()

    await Promise.all([step.handler(context), step.handler(context), step.handler(context)])

    const topics = context.emitted.map(({ topic }) => topic)
    expect(topics.filter((topic) => topic === `${ns}.pet.purged`)).toHaveLength(3)
    expect(await visibleIds()).toEqual([])
  })

  test('When the store is broken, then the run fails and reports nothing', async () => {
    vi.spyOn(store, 'page').mockRejectedValue(new StoreError('STORE_INVALID', 'broken'))
    const context = fakeContext()
    await expect(step.handler(context)).rejects.toMatchObject({ code: 'STORE_INVALID' })
    expect(context.emitted).toEqual([])
  })
})

test('When the reapers of all namespaces run at the same moment, then each due pet is purged once, by one of them', async () => {
  const ids = Array.from({ length: 60 }, (_, index) => String(index + 1))
  givenPets(...ids.map((id) => buildDeleted({ id })), buildPet({ id: '61' }))
  const runs = steps.map(([ns, { handler }]) => ({ ns, handler, context: fakeContext() }))

  await Promise.all(runs.map(({ handler, context }) => handler(context)))

  const events = runs.flatMap(({ ns, context: { emitted } }) => {
    for (const { topic } of emitted) expect(topic).toMatch(new RegExp(`^${ns}\\.`))
    return emitted
  })
  const purges = events.filter(({ topic }) => topic.endsWith('.pet.purged'))
  const counts = events.filter(({ topic }) => topic.endsWith('.reaper.completed')).map(({ data }) => Object(data))
  expect(purges.map(({ data }) => Object(data).petId).sort()).toEqual(ids.toSorted())
  expect(counts.map(({ purgedCount }) => purgedCount).reduce((sum, count) => sum + count, 0)).toBe(60)
  expect(counts.map(({ failedCount }) => failedCount)).toEqual(steps.map(() => 0))
  expect(await visibleIds()).toEqual(['61'])
})
