import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { DAY_MS, type Namespace, PURGE_CLAIM_MS, type StoredPet } from '../../src/pets/pet'
import { buildPet } from '../store/build-pet'
import { callApi } from './call-step'
import { type EmittedEvent, fakeContext } from './fake-context'
import { fileText, givenFile, givenPets, storedPet, storedPets } from './pet-file'

const DELETED = Date.UTC(2022, 0, 1)
const PURGE = Date.UTC(2022, 0, 31)
const NIGHT = Date.UTC(2022, 1, 1, 2)
const NEXT_NIGHT = NIGHT + DAY_MS

const js = await import('../../steps/javascript/deletion-reaper.cron.step')
const ts = await import('../../steps/typescript/deletion-reaper.cron.step')
const py = await import('../../steps/python/deletion-reaper.cron.step')
const { handler: update, config: updateConfig } = await import('../../steps/javascript/update-pet.step')

const steps = [
  ['js', js],
  ['ts', ts],
  ['py', py],
] as const

/** A pet that was soft-deleted on New Year's Day, to be purged on the last of January. */
const buildDeleted = (fields: Partial<StoredPet> & { id: string }): StoredPet =>
  buildPet({ status: 'deleted', deletedAt: DELETED, purgeAt: PURGE, ...fields })

const claimBy = (namespace: Namespace, claimedAt: number, purgedAt = claimedAt) => ({
  purgeClaim: { namespace, purgedAt, claimedAt },
})

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NIGHT })
})

afterEach(() => {
  vi.useRealTimers()
})

describe.each(steps)('%s: DeletionReaper', (ns, step) => {
  const completed = (totalScanned: number, purgedCount: number, failedCount: number): EmittedEvent => ({
    topic: `${ns}.reaper.completed`,
    data: { totalScanned, purgedCount, failedCount },
  })
  const purged = (petId: string, purgedAt = NIGHT): EmittedEvent => ({
    topic: `${ns}.pet.purged`,
    data: { petId, name: 'Buddy', deletedAt: DELETED, purgeAt: PURGE, purgedAt },
  })

  test('When pets are due, then they are gone for good, and each has its one event', async () => {
    const kept = buildPet({ id: '1' })
    givenPets(kept, buildDeleted({ id: '2' }), buildDeleted({ id: '3' }))
    const context = fakeContext()

    await step.handler(context)

    expect(storedPets()).toEqual({ 1: kept })
    expect(JSON.parse(fileText()).seq).toBe(4)
    expect(context.emitted).toEqual([purged('2'), purged('3'), completed(3, 2, 0)])
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

  test('When nothing is due, then nothing changes, and the run is reported all the same', async () => {
    givenPets(buildPet({ id: '1' }), buildDeleted({ id: '2', purgeAt: NIGHT + 1 }))
    const before = fileText()
    const context = fakeContext()

    await step.handler(context)

    expect(fileText()).toBe(before)
    expect(context.emitted).toEqual([completed(2, 0, 0)])
    expect(context.logged).toHaveLength(2)
  })

  test('When a pet is due one ms from now, then it stays; when its time has just come, then it goes', async () => {
    givenPets(buildDeleted({ id: '1' }))

    vi.setSystemTime(PURGE - 1)
    await step.handler(fakeContext())
    expect(Object.keys(storedPets())).toEqual(['1'])

    vi.setSystemTime(PURGE)
    await step.handler(fakeContext())
    expect(storedPets()).toEqual({})
  })

  test('When the clock jumps back, then nothing is purged early', async () => {
    givenPets(buildDeleted({ id: '1' }))
    vi.setSystemTime(DELETED - 365 * DAY_MS)
    await step.handler(fakeContext())
    expect(Object.keys(storedPets())).toEqual(['1'])
  })

  test.each<[what: string, fields: Partial<StoredPet>]>([
    ['is restored, with a purgeAt left behind', { status: 'available' }],
    ['is deleted without a purgeAt', { purgeAt: null }],
  ])('When a pet %s, then it is not purged', async (_, fields) => {
    givenPets(buildDeleted({ id: '1', ...fields }))
    const context = fakeContext()
    await step.handler(context)
    expect(storedPet('1')).toBeDefined()
    expect(context.emitted).toEqual([completed(1, 0, 0)])
  })

  test('When purgeAt was set to the past by hand and deletedAt is missing, then the pet is purged all the same', async () => {
    givenPets(buildDeleted({ id: '1', deletedAt: null, purgeAt: 0 }))
    const context = fakeContext()
    await step.handler(context)
    expect(storedPets()).toEqual({})
    expect(context.emitted[0]?.data).toEqual({ petId: '1', name: 'Buddy', deletedAt: 0, purgeAt: 0, purgedAt: NIGHT })
  })

  test('When the purge is announced, then the claim is on disk, and the pet not yet gone', async () => {
    givenPets(buildDeleted({ id: '1' }))
    const onDisk: unknown[] = []
    const context = fakeContext({ onEmit: () => onDisk.push(storedPet('1')?.purgeClaim) })

    await step.handler(context)

    expect(onDisk).toEqual([{ namespace: ns, purgedAt: NIGHT, claimedAt: NIGHT }, undefined])
  })

  test('When a pet is restored while the reaper is at work, then it stays', async () => {
    givenPets(buildDeleted({ id: '1' }), buildDeleted({ id: '2' }))
    // The restore is queued in the store before the reaper's own changes.
    const restore = callApi(
      { config: updateConfig, handler: update },
      { id: '2', body: { status: 'available' } },
      fakeContext(),
    )
    const context = fakeContext()

    await Promise.all([restore, step.handler(context)])

    expect(storedPets()).toMatchObject({ 2: { status: 'available' } })
    expect(context.emitted).toEqual([purged('1'), completed(2, 1, 0)])
  })

  const others = (['js', 'ts', 'py'] as const).filter((name) => name !== ns)
  test.each(others)('When %s has claimed a pet, however long ago, then it is left to it', async (other) => {
    givenPets(buildDeleted({ id: '1', ...claimBy(other, PURGE) }))
    const before = fileText()
    const context = fakeContext()

    await step.handler(context)

    expect(fileText()).toBe(before)
    expect(context.emitted).toEqual([completed(1, 0, 0)])
  })

  test('When a run is cut off after its claim, then the next one finishes it, with the same event', async () => {
    givenPets(buildDeleted({ id: '1' }), buildDeleted({ id: '2' }))
    const away = new Error('Redis is away')
    const first = fakeContext({
      onEmit: ({ data }) => {
        if (Object(data).petId === '1') throw away
      },
    })

    await expect(step.handler(first)).rejects.toBe(away)

    expect(first.emitted).toEqual([purged('2'), completed(2, 1, 1)])
    expect(first.logged.at(-1)).toEqual([
      'info',
      '✅ Deletion Reaper completed',
      { totalScanned: 2, purgedCount: 1, failedCount: 1 },
    ])
    expect(Object.keys(storedPets())).toEqual(['1'])

    vi.setSystemTime(NEXT_NIGHT)
    const second = fakeContext()
    await step.handler(second)

    expect(second.emitted).toEqual([purged('1', NIGHT), completed(1, 1, 0)])
    expect(storedPets()).toEqual({})
  })

  test("When another run of the namespace is at work on a pet, then its claim is respected until that run's time is over", async () => {
    givenPets(buildDeleted({ id: '1', ...claimBy(ns, NIGHT) }))
    const context = fakeContext()

    vi.setSystemTime(NIGHT + PURGE_CLAIM_MS - 1)
    await step.handler(context)
    expect(context.emitted).toEqual([completed(1, 0, 0)])

    vi.setSystemTime(NIGHT + PURGE_CLAIM_MS)
    await step.handler(context)
    expect(context.emitted.slice(1)).toEqual([purged('1', NIGHT), completed(1, 1, 0)])
  })

  test('When several runs of the namespace start at once, then each pet is purged once', async () => {
    givenPets(...['1', '2', '3'].map((id) => buildDeleted({ id })))
    const context = fakeContext()

    await Promise.all([step.handler(context), step.handler(context), step.handler(context)])

    const topics = context.emitted.map(({ topic }) => topic)
    expect(topics.filter((topic) => topic === `${ns}.pet.purged`)).toHaveLength(3)
    expect(storedPets()).toEqual({})
  })

  test('When the store is broken, then the run fails, and the file stays as it is', async () => {
    givenFile('{"seq": 2')
    const context = fakeContext()
    await expect(step.handler(context)).rejects.toMatchObject({ code: 'STORE_INVALID' })
    expect(fileText()).toBe('{"seq": 2')
    expect(context.emitted).toEqual([])
  })
})

test('When all three reapers run at the same moment, then each due pet is purged once, by one of them', async () => {
  const ids = Array.from({ length: 60 }, (_, index) => String(index + 1))
  givenPets(...ids.map((id) => buildDeleted({ id })), buildPet({ id: '61' }))
  const contexts = { js: fakeContext(), ts: fakeContext(), py: fakeContext() }

  await Promise.all(steps.map(([ns, step]) => step.handler(contexts[ns])))

  const events = Object.entries(contexts).flatMap(([ns, { emitted }]) => {
    for (const { topic } of emitted) expect(topic).toMatch(new RegExp(`^${ns}\\.`))
    return emitted
  })
  const purges = events.filter(({ topic }) => topic.endsWith('.pet.purged'))
  const counts = events.filter(({ topic }) => topic.endsWith('.reaper.completed')).map(({ data }) => Object(data))
  expect(purges.map(({ data }) => Object(data).petId).sort()).toEqual(ids.toSorted())
  expect(counts.map(({ purgedCount }) => purgedCount).reduce((sum, count) => sum + count, 0)).toBe(60)
  expect(counts.map(({ failedCount }) => failedCount)).toEqual([0, 0, 0])
  expect(Object.keys(storedPets())).toEqual(['61'])
})
