import { describe, expect, test } from 'vitest'
import { DAY_MS, PURGE_CLAIM_MS, type StoredPet, WELCOME_NOTES } from '../../src/pets/pet'
import { Pets } from '../../src/pets/pets'
import { jsonText } from '../../src/runtime/json-text'
import { StoreError } from '../../src/store/store'
import { buildPet } from '../store/build-pet'
import { MemoryStore } from './memory-store'

const CREATED = Date.UTC(2022, 0, 1)
const NOON = Date.UTC(2022, 0, 1, 12)
const PURGE = NOON + 30 * DAY_MS
const NIGHT = PURGE + DAY_MS

const rex = buildPet({ id: '1', name: 'Rex', createdAt: CREATED, updatedAt: CREATED })
const deletedRex = buildPet({ ...rex, status: 'deleted', updatedAt: NOON, deletedAt: NOON, purgeAt: PURGE })
const notFound = { name: 'PetNotFoundError', message: 'Not found' }

/** Pets on a store in memory, at a fixed time that the test may change. */
const makePets = (...stored: StoredPet[]) => {
  const clock = { now: NOON }
  const store = new MemoryStore(...stored)
  return { pets: new Pets(store, () => clock.now), store, clock }
}

test('a created pet is shown without the job it is owed, which is stored with it', async () => {
  const { pets, store } = makePets()
  const pet = await pets.create('py', { name: 'Rex', species: 'dog', ageMonths: 12 })
  expect(pet).toEqual({ ...rex, createdAt: NOON, updatedAt: NOON })
  expect(await store.get('1')).toEqual({ ...pet, owedJob: { namespace: 'py', enqueuedAt: NOON } })
  expect(await pets.get('1')).toEqual(pet)
  expect(await pets.list()).toEqual([pet])
})

test('a pet that does not exist, or is being purged, is not found by any call', async () => {
  const purgeClaim = { namespace: 'js', purgedAt: PURGE, claimedAt: PURGE } as const
  const claimed = { ...deletedRex, purgeClaim }
  const { pets, store } = makePets(claimed)
  for (const id of ['1', '2']) {
    await expect(pets.get(id)).rejects.toMatchObject(notFound)
    await expect(pets.update('js', id, { status: 'new' })).rejects.toMatchObject(notFound)
    await expect(pets.update('js', id, {})).rejects.toMatchObject(notFound)
    await expect(pets.softDelete(id)).rejects.toMatchObject(notFound)
    expect(await pets.finishJob(id, CREATED)).toBeNull()
  }
  expect(await pets.list()).toEqual([])
  expect(await store.list()).toEqual([claimed])
})

describe('the transition of an update', () => {
  test.each([
    ['new to deleted', rex, { status: 'deleted' as const }, 'deleted'],
    ['new to adopted', rex, { status: 'adopted' as const }, null],
    ['deleted to deleted', deletedRex, { status: 'deleted' as const }, null],
    ['deleted to new', deletedRex, { status: 'new' as const }, 'restored'],
    ['deleted, another name', deletedRex, { name: 'Max' }, null],
    ['nothing', deletedRex, {}, null],
  ])('from %s is told', async (_, stored, patch, transition) => {
    const { pets } = makePets(stored)
    expect((await pets.update('js', '1', patch)).transition).toBe(transition)
  })

  test('of several at the same time is told once', async () => {
    const { pets } = makePets(rex)
    const updates = await Promise.all(Array.from({ length: 4 }, () => pets.update('js', '1', { status: 'deleted' })))
    expect(updates.filter(({ transition }) => transition === 'deleted')).toHaveLength(1)
  })
})

test('a soft delete answers with the purge, and tells the transition the first time only', async () => {
  const { pets, clock } = makePets(rex)
  const deletion = { message: 'Pet scheduled for deletion', petId: '1', purgeAt: PURGE }
  expect(await pets.softDelete('1')).toEqual({ deletion, pet: deletedRex, transition: 'deleted' })
  clock.now = NIGHT
  expect(await pets.softDelete('1')).toEqual({ deletion, pet: deletedRex, transition: null })
})

test('a job done gives the notes and the feeding, again and again the same', async () => {
  const { pets, clock } = makePets({ ...rex, owedJob: { namespace: 'js', enqueuedAt: CREATED } })
  const outcome = { notes: WELCOME_NOTES, nextFeedingAt: CREATED + DAY_MS }
  expect(await pets.finishJob('1', CREATED)).toEqual(outcome)
  clock.now = NIGHT
  expect(await pets.finishJob('1', CREATED)).toEqual(outcome)
  expect(await pets.get('1')).toMatchObject({ updatedAt: NOON })
})

test('owed jobs are told with the topic of their own namespace that queues them, and none once they are done', async () => {
  const { pets } = makePets(
    { ...rex, owedJob: { namespace: 'ts', enqueuedAt: CREATED } },
    { ...rex, id: '2', owedJob: { namespace: 'py', enqueuedAt: NOON } },
    { ...rex, id: '3' },
  )
  expect(await pets.owedJobs()).toEqual([
    { topic: 'ts.job.postcreate.enqueued', petId: '1', enqueuedAt: CREATED },
    { topic: 'py.feeding.reminder.enqueued', petId: '2', enqueuedAt: NOON },
  ])
  await pets.finishJob('1', CREATED)
  await pets.finishJob('2', NOON)
  expect(await pets.owedJobs()).toEqual([])
})

describe('a reaping', () => {
  const announceNothing = async () => {}

  test('tells the pets it purged, as they were claimed, and counts all it looked at', async () => {
    const { pets, clock } = makePets(deletedRex, { ...rex, id: '2' })
    clock.now = NIGHT
    const { purged, counts, failure } = await pets.reap('js', announceNothing)
    expect(purged).toEqual([{ ...deletedRex, purgeClaim: { namespace: 'js', purgedAt: NIGHT, claimedAt: NIGHT } }])
    expect(counts).toEqual({ totalScanned: 2, purgedCount: 1, failedCount: 0 })
    expect(failure).toBeNull()
  })

  test('of nothing counts nothing', async () => {
    const { pets } = makePets()
    const { counts } = await pets.reap('js', announceNothing)
    expect(counts).toEqual({ totalScanned: 0, purgedCount: 0, failedCount: 0 })
  })

  test('that cannot announce one pet goes on with the others, tells why, and is finished by the next', async () => {
    const { pets, clock } = makePets(deletedRex, { ...deletedRex, id: '2' })
    clock.now = NIGHT
    const away = new Error('Redis is away')
    const told: unknown[] = []
    const first = await pets.reap('js', async (pet) => {
      if (pet.id === '1') throw away
      told.push([pet.id, pet.purgeClaim?.purgedAt])
    })
    expect(first.counts).toEqual({ totalScanned: 2, purgedCount: 1, failedCount: 1 })
    expect(first.failure).toBe(away)

    clock.now = NIGHT + PURGE_CLAIM_MS
    const second = await pets.reap('js', async (pet) => {
      told.push([pet.id, pet.purgeClaim?.purgedAt])
    })
    expect(second.counts).toEqual({ totalScanned: 1, purgedCount: 1, failedCount: 0 })
    expect(told).toEqual([
      ['2', NIGHT],
      ['1', NIGHT],
    ])
  })

  test('that takes long claims each pet at the time when it comes to it, so that no claim is born too old', async () => {
    const many = Array.from({ length: 1_001 }, (_, index) => ({ ...deletedRex, id: String(index + 1) }))
    const { pets, clock } = makePets(...many)
    clock.now = NIGHT
    const { purged } = await pets.reap('js', async ({ id }) => {
      if (id === '1000') clock.now = NIGHT + PURGE_CLAIM_MS
    })
    expect(purged).toHaveLength(1_001)
    expect(purged.find(({ id }) => id === '1')?.purgeClaim?.claimedAt).toBe(NIGHT)
    expect(purged.find(({ id }) => id === '1001')?.purgeClaim?.claimedAt).toBe(NIGHT + PURGE_CLAIM_MS)
  })

  test('that cannot remove a pet counts it as failed, and the next one announces it again with the same time', async () => {
    const { pets, store, clock } = makePets(deletedRex)
    clock.now = NIGHT
    const full = new StoreError('STORE_FULL', 'There is no space left')
    const { remove } = store
    store.remove = async () => {
      throw full
    }
    const told: unknown[] = []
    const announce = async (pet: StoredPet) => {
      told.push(pet.purgeClaim?.purgedAt)
    }
    const first = await pets.reap('js', announce)
    expect(first).toMatchObject({ counts: { purgedCount: 0, failedCount: 1 }, failure: full })

    store.remove = remove
    clock.now = NIGHT + DAY_MS
    expect((await pets.reap('js', announce)).counts.purgedCount).toBe(1)
    expect(told).toEqual([NIGHT, NIGHT])
  })

  test('of a pet that is restored before its claim leaves it alone', async () => {
    const { pets, store, clock } = makePets(deletedRex)
    clock.now = NIGHT
    const { page } = store
    store.page = async (...which) => {
      const seen = await page.apply(store, which)
      await pets.update('ts', '1', { status: 'available' })
      return seen
    }
    const told: unknown[] = []
    const { counts } = await pets.reap('js', async (pet) => {
      told.push(pet)
    })
    expect(counts).toEqual({ totalScanned: 1, purgedCount: 0, failedCount: 0 })
    expect(told).toEqual([])
    expect(await pets.get('1')).toMatchObject({ status: 'available' })
  })

  test('of thousands of pets looks at each, and purges those that are due, page by page', async () => {
    const many = Array.from({ length: 2_500 }, (_, index) =>
      buildPet({ ...(index % 2 ? rex : deletedRex), id: `${index + 1}` }),
    )
    const { pets, store, clock } = makePets(...many)
    clock.now = NIGHT
    const told: string[] = []
    const { counts } = await pets.reap('js', async ({ id }) => {
      told.push(id)
    })
    expect(counts).toEqual({ totalScanned: 2_500, purgedCount: 1_250, failedCount: 0 })
    expect(new Set(told).size).toBe(1_250)
    expect(await store.list()).toEqual(many.filter((_, index) => index % 2))
  })

  test('rejects where the store cannot be read', async () => {
    const { pets, store } = makePets()
    const broken = new StoreError('STORE_INVALID', 'broken')
    store.page = async () => {
      throw broken
    }
    await expect(pets.reap('js', announceNothing)).rejects.toBe(broken)
  })
})

test('a check resolves where the store can be read and rejects where not', async () => {
  const { pets, store } = makePets()
  await expect(pets.check()).resolves.toBeUndefined()
  const broken = new StoreError('STORE_INVALID', 'broken')
  store.get = async () => {
    throw broken
  }
  await expect(pets.check()).rejects.toBe(broken)
})

test('a list of tens of thousands of pets is the same, and has the same JSON, as one made in one piece', async () => {
  const many = Array.from({ length: 25_001 }, (_, index) => buildPet({ ...rex, id: `${index + 1}` }))
  const { pets } = makePets(...many)
  const listed = await pets.list()
  expect(listed).toEqual(many)
  expect(jsonText(listed)).toBe(JSON.stringify(many))
  expect(await pets.list()).toBe(listed)
})
