import { etagOf } from 'motia-runtime'
import { describe, expect, test, vi } from 'vitest'
import { runInScope } from '../../packages/motia-runtime/src/steps/step-scope'
import { Pets } from '../../src/app/pets'
import { DAY_MS, type OwedEvent, type Pet, type StoredPet, WELCOME_NOTES } from '../../src/pets/pet'
import { StoreError } from '../../src/store/store'
import { buildCreate, buildPet } from '../store/build-pet'
import { MemoryStore } from './memory-store'

// The module of `Pets` also opens the store of the process, which no test here uses.
vi.mock('../../src/app/open-store', () => ({ openStore: () => null }))

const CREATED = Date.UTC(2022, 0, 1)
const NOON = Date.UTC(2022, 0, 1, 12)
const PURGE = NOON + 30 * DAY_MS
const NIGHT = PURGE + DAY_MS

const rex = buildPet({ id: '1', name: 'Rex', createdAt: CREATED, updatedAt: CREATED })
const deletedRex = buildPet({ ...rex, status: 'deleted', updatedAt: NOON, deletedAt: NOON, purgeAt: PURGE })
const notFound = { name: 'PetNotFoundError', message: 'Not found' }

const REX = buildCreate({ name: 'Rex' })

const anyId = expect.stringMatching(/^[\w-]{10,}$/)

/** Pets on a store in memory, at a fixed time that the test may change. */
const makePets = (...stored: StoredPet[]) => {
  const clock = { now: NOON }
  const store = new MemoryStore(...stored)
  return { pets: new Pets(store, () => clock.now), store, clock }
}

const about = <const Topic extends string>(topic: Topic) => {
  return ({ id: petId, updatedAt }: Pet) => ({ topic, data: { petId, updatedAt } })
}

const changes = { deleted: about('gone'), restored: about('back') }

const purged = ({ id: petId }: Pet, purgedAt: number) => ({ topic: 'purged', data: { petId, purgedAt } })

/** What the store owes, page by page. */
const owedPages = async (pets: Pets) => {
  const pages: OwedEvent[][] = []
  for await (const page of pets.owed()) pages.push(page)
  return pages
}

describe('create', () => {
  test('When a pet is created, then it is shown without the events that are stored with it', async () => {
    const { pets, store } = makePets()

    const { pet, events } = await pets.create(REX, (created) => [
      { topic: 'js.pet.created', data: { petId: created.id, createdAt: created.createdAt } },
      { topic: 'js.job', data: { petId: created.id } },
    ])

    expect(pet).toEqual({ ...rex, createdAt: NOON, updatedAt: NOON })
    expect(events).toEqual([
      { id: anyId, topic: 'js.pet.created', data: { petId: '1', createdAt: NOON } },
      { id: anyId, topic: 'js.job', data: { petId: '1' } },
    ])
    expect(await store.get('1')).toEqual({ ...pet, owed: events })
    expect(await pets.get('1')).toEqual(pet)
    expect(await pets.list()).toEqual([pet])
  })

  test('When a store learns the id late, as Redis does, then the events contain the real one', async () => {
    const { pets, store } = makePets()
    store.create = async (make) => JSON.parse(JSON.stringify(make('the-id')).replaceAll('the-id', '7'))
    const { pet, events } = await pets.create(REX, (created) => [about('new')(created)])
    expect(pet.id).toBe('7')
    expect(events).toEqual([{ id: anyId, topic: 'new', data: { petId: '7', updatedAt: NOON } }])
  })

  test('When no key is sent, then none is stored', async () => {
    const { pets, store } = makePets()
    await pets.create(REX, () => [])
    expect(await store.get('1')).toEqual({ ...rex, createdAt: NOON, updatedAt: NOON })
  })

  test('When a key is sent again, then for 24 hours the pet is returned as it was at first, without its events', async () => {
    const { pets, store, clock } = makePets()
    const create = () => pets.create({ ...REX, ageMonths: 12.7 }, (pet) => [about('new')(pet)], '/js/pets a-key')
    const first = await create()
    expect(JSON.stringify(await store.list())).not.toContain('a-key')
    clock.now += 1
    await pets.softDelete({ id: '1' }, about('gone'))
    clock.now = NOON + DAY_MS - 1
    expect(await create()).toEqual({ pet: first.pet, events: [] })
    expect(await pets.list()).toEqual([await pets.get('1')])
    clock.now += 1
    expect(await create()).toMatchObject({ pet: { id: '2' }, events: [{ topic: 'new' }] })
  })

  test('When a key is sent again with another input, then that is an error', async () => {
    const { pets, store } = makePets()
    await pets.create(REX, () => [], 'k')
    await expect(pets.create({ ...REX, name: 'Max' }, () => [], 'k')).rejects.toMatchObject({ name: 'KeyReusedError' })
    expect(await store.list()).toHaveLength(1)
  })

  test('When two pets are created, then no two of their events have the same id', async () => {
    const { pets } = makePets()
    const describeTwo = (pet: Pet) => [about('a')(pet), about('b')(pet)]
    const created = await Promise.all([pets.create(REX, describeTwo), pets.create(REX, describeTwo)])
    const ids = created.flatMap(({ events }) => events.map(({ id }) => id))
    expect(new Set(ids).size).toBe(4)
  })

  test('When the store refuses the pet, then the create rejects with its error', async () => {
    const { pets, store } = makePets()
    const full = new StoreError('STORE_FULL', 'There is no space left')
    store.create = async () => {
      throw full
    }
    await expect(pets.create(REX, () => [])).rejects.toBe(full)
  })
})

describe('a request with an API key', () => {
  /** Does something as the handler of a request of that caller. */
  const as = <T>(caller: string, run: () => Promise<T>): Promise<T> =>
    runInScope('Step', run, undefined, { caller, traceId: `trace of ${caller}` })

  test('When it changes pets, then the stored and the returned events name the key and the trace', async () => {
    const { pets } = makePets()
    const { pet, events } = await as('alice', () => pets.create(REX, (made) => [about('new')(made)]))
    const deleted = await as('bob', () => pets.softDelete({ id: pet.id }, about('gone')))
    const restored = await as('carol', () => pets.update({ id: pet.id }, { status: 'new' }, changes))
    const all = [...events, ...deleted.events, ...restored.events]
    expect(all).toMatchObject([
      { topic: 'new', data: { petId: '1', by: 'alice' } },
      { topic: 'gone', data: { petId: '1', by: 'bob' } },
      { topic: 'back', data: { petId: '1', by: 'carol' } },
    ])
    expect(all.map(({ traceId }) => traceId)).toEqual(['trace of alice', 'trace of bob', 'trace of carol'])
    expect(await owedPages(pets)).toEqual([all])
  })

  test('When the store makes several changes in one turn, then each event names its own key', async () => {
    const { pets, store } = makePets()
    const turn: (() => StoredPet)[] = []
    store.create = (make) =>
      new Promise((resolve) => {
        turn.push(() => {
          const made = make('1')
          resolve(made)
          return made
        })
      })
    for (const name of ['alice', 'bob']) void as(name, () => pets.create(REX, (made) => [about('new')(made)]))
    const stored = await as('carol', async () => turn.map((make) => make()))
    expect(stored.flatMap(({ owed }) => owed)).toMatchObject([{ data: { by: 'alice' } }, { data: { by: 'bob' } }])
  })

  test('When a job or a reaper changes a pet, then its event names none', async () => {
    const { pets } = makePets({ ...deletedRex, owed: [] })
    const done = await pets.setFeedingReminder('1', NOON, about('done'))
    expect(done?.events[0]?.data).not.toHaveProperty('by')
  })
})

describe('a pet that does not exist', () => {
  const gone: StoredPet = { ...deletedRex, purged: true, owed: [{ id: 'e1', topic: 'purged', data: { petId: '1' } }] }

  test('When a pet is unknown, or purged with its event still owed, then no call finds it or changes it', async () => {
    const { pets, store } = makePets(gone)
    const revision = await store.revision()
    for (const id of ['1', '2']) {
      await expect(pets.get(id)).rejects.toMatchObject(notFound)
      await expect(pets.update({ id }, { status: 'new' }, changes)).rejects.toMatchObject(notFound)
      await expect(pets.update({ id }, {}, changes)).rejects.toMatchObject(notFound)
      await expect(pets.softDelete({ id }, about('gone'))).rejects.toMatchObject(notFound)
      expect(await pets.setFeedingReminder(id, CREATED, about('done'))).toBeNull()
      expect(await pets.purge(id, purged)).toBeNull()
    }
    expect(await pets.list()).toEqual([])
    expect(await pets.listPage({ limit: 10, cursor: null })).toEqual({ pets: [], next: null })
    expect(await store.revision()).toBe(revision)
    expect(await store.list()).toEqual([gone])
  })
})

describe('listPage', () => {
  const many = ['1', '2', '5'].map((id) => buildPet({ id }))

  test('When there are more pets than the limit, then next is the id of the last pet shown', async () => {
    const { pets } = makePets(...many)
    expect(await pets.listPage({ limit: 2, cursor: null })).toEqual({ pets: many.slice(0, 2), next: '2' })
    expect(await pets.listPage({ limit: 2, cursor: '2' })).toEqual({ pets: many.slice(2), next: null })
    expect(await pets.listPage({ limit: 3, cursor: null })).toEqual({ pets: many, next: null })
  })

  test('When a purged pet is among them, then it is left out', async () => {
    const { pets } = makePets({ ...deletedRex, purged: true }, buildPet({ id: '2' }))
    expect(await pets.listPage({ limit: 1, cursor: null })).toEqual({ pets: [buildPet({ id: '2' })], next: null })
  })

  test.each(['createdAt', '-createdAt'] as const)(
    'When few pets match, then a page checks 10,000, and the next continues after them (%s)',
    async (sort) => {
      const needles = [buildPet({ id: '9999', name: 'Needle' }), buildPet({ id: '20002', name: 'Needle' })]
      const hay = Array.from({ length: 20_003 }, (_, index) => buildPet({ id: String(index + 1), name: 'Hay' }))
      const { pets, store } = makePets(...hay, ...needles)
      const page = vi.spyOn(store, 'page')
      const seen: { ids: string[]; next: string | null }[] = []
      for (let cursor: string | null = null; ; ) {
        const { pets: found, next } = await pets.listPage({ limit: 10, cursor, sort, q: 'needle' })
        seen.push({ ids: found.map(({ id }) => id), next })
        expect(page.mock.calls.length).toBeLessThanOrEqual(11)
        page.mockClear()
        if (next === null) break
        cursor = next
      }
      const isUp = sort === 'createdAt'
      expect(seen).toEqual([
        { ids: [isUp ? '9999' : '20002'], next: isUp ? '10000' : '10004' },
        { ids: isUp ? [] : ['9999'], next: isUp ? '20000' : '4' },
        { ids: isUp ? ['20002'] : [], next: null },
      ])
    },
  )
})

describe('update', () => {
  test.each([
    ['new becomes deleted', ['gone'], rex, { status: 'deleted' as const }],
    ['new becomes adopted', [], rex, { status: 'adopted' as const }],
    ['deleted stays deleted', [], deletedRex, { status: 'deleted' as const }],
    ['deleted becomes new', ['back'], deletedRex, { status: 'new' as const }],
    ['only the name of a deleted pet changes', [], deletedRex, { name: 'Max' }],
    ['nothing changes', [], deletedRex, {}],
  ])('When %s, then the events %j are stored with the change', async (_, topics, stored, patch) => {
    const { pets, store } = makePets(stored)
    const { pet, events } = await pets.update({ id: '1' }, patch, changes)
    expect(events.map(({ topic }) => topic)).toEqual(topics)
    expect(events.map(({ data }) => data)).toEqual(topics.map(() => ({ petId: '1', updatedAt: NOON })))
    expect(await store.get('1')).toEqual(events.length > 0 ? { ...pet, owed: events } : pet)
  })

  test('When the pet already owes an event, then it owes both', async () => {
    const owed = [{ id: 'e1', topic: 'js.pet.created', data: { petId: '1' } }]
    const { pets, store } = makePets({ ...rex, owed })
    const { pet, events } = await pets.update({ id: '1' }, { status: 'deleted' }, changes)
    expect(await store.get('1')).toEqual({ ...pet, owed: [...owed, ...events] })
  })

  test('When several updates soft-delete the pet at the same time, then one of them has the event', async () => {
    const { pets } = makePets(rex)
    const updates = await Promise.all(
      Array.from({ length: 4 }, () => pets.update({ id: '1' }, { status: 'deleted' }, changes)),
    )
    expect(updates.flatMap(({ events }) => events)).toHaveLength(1)
  })

  test('When the store runs the change twice, as Redis may, then the event is that of the second run', async () => {
    const { pets, store } = makePets(rex)
    const { update } = store
    store.update = (id, change) => {
      change(rex)
      // Meanwhile another server has soft-deleted the pet.
      store.reset(deletedRex)
      return update.call(store, id, change)
    }
    expect((await pets.update({ id: '1' }, { status: 'deleted' }, changes)).events).toEqual([])
  })
})

describe('softDelete', () => {
  test('When a pet is deleted twice, then the first time has the event, and both have the same purgeAt', async () => {
    const { pets, store, clock } = makePets(rex)
    const first = await pets.softDelete({ id: '1' }, about('gone'))
    expect(first).toEqual({
      pet: deletedRex,
      events: [{ id: anyId, topic: 'gone', data: { petId: '1', updatedAt: NOON } }],
    })
    expect(await store.get('1')).toEqual({ ...deletedRex, owed: first.events })

    clock.now = NIGHT
    expect(await pets.softDelete({ id: '1' }, about('gone'))).toEqual({ pet: deletedRex, events: [] })
  })
})

describe('If-Match', () => {
  const etag = etagOf(JSON.stringify(rex))
  const changed = { name: 'PetChangedError', message: 'The pet has changed: read it again' }

  test.each([etag, `"x", ${etag}`, ['"x"', etag], '*'])('When it is %j, then the pet is changed', async (ifMatch) => {
    const { pets } = makePets({ ...rex, owed: [{ id: 'e1', topic: 'new', data: {} }] })
    const { pet } = await pets.update({ id: '1', headers: { 'if-match': ifMatch } }, { name: 'Max' }, changes)
    expect(pet.name).toBe('Max')
    const again = etagOf(JSON.stringify(pet))
    expect((await pets.softDelete({ id: '1', headers: { 'if-match': again } }, about('gone'))).pet.status).toBe(
      'deleted',
    )
  })

  test.each(['"x"', `W/${etag}`, ''])(
    'When it is %j, then no change is made, nor any event stored',
    async (ifMatch) => {
      const { pets, store } = makePets(rex)
      const wanted = { id: '1', headers: { 'if-match': ifMatch } }
      await expect(pets.update(wanted, { name: 'Max' }, changes)).rejects.toMatchObject(changed)
      await expect(pets.update(wanted, {}, changes)).rejects.toMatchObject(changed)
      await expect(pets.softDelete(wanted, about('gone'))).rejects.toMatchObject(changed)
      expect(await store.list()).toEqual([rex])
    },
  )

  test.each([etag, '"x"', '*'])('When it is %s and no pet has the id, then the pet is not found', async (ifMatch) => {
    const { pets } = makePets({ ...deletedRex, purged: true })
    for (const id of ['1', '2']) {
      const wanted = { id, headers: { 'if-match': ifMatch, 'if-none-match': ifMatch } }
      await expect(pets.update(wanted, {}, changes)).rejects.toMatchObject(notFound)
      await expect(pets.softDelete(wanted, about('gone'))).rejects.toMatchObject(notFound)
    }
  })
})

describe('If-None-Match', () => {
  const etag = etagOf(JSON.stringify(rex))
  const matched = { name: 'PetChangedError', message: 'The pet matches If-None-Match, so it was not changed' }

  test.each(['*', etag, `W/${etag}`, ['"x"', etag]])(
    'When it is %j, then no change is made, nor any event stored',
    async (ifNoneMatch) => {
      const { pets, store } = makePets(rex)
      const wanted = { id: '1', headers: { 'if-match': etag, 'if-none-match': ifNoneMatch } }
      await expect(pets.update(wanted, { name: 'Max' }, changes)).rejects.toMatchObject(matched)
      await expect(pets.softDelete(wanted, about('gone'))).rejects.toMatchObject(matched)
      expect(await store.list()).toEqual([rex])
    },
  )

  test('When it names another pet, then the pet is changed', async () => {
    const { pets } = makePets(rex)
    const { pet } = await pets.update({ id: '1', headers: { 'if-none-match': '"x"' } }, { name: 'Max' }, changes)
    expect(pet.name).toBe('Max')
  })
})

describe('setFeedingReminder', () => {
  test('When the job runs, then the notes, the feeding and the event are stored in one write', async () => {
    const { pets, store } = makePets(rex)
    const done = await pets.setFeedingReminder('1', CREATED, about('done'))
    const pet = { ...rex, updatedAt: NOON, notes: WELCOME_NOTES, nextFeedingAt: CREATED + DAY_MS }
    expect(done).toEqual({ pet, events: [{ id: anyId, topic: 'done', data: { petId: '1', updatedAt: NOON } }] })
    expect(await store.get('1')).toEqual({ ...pet, owed: done?.events })
  })

  test('When the job runs again, then nothing is written, and the event is returned again for the step to emit', async () => {
    const { pets, store, clock } = makePets(rex)
    await pets.setFeedingReminder('1', CREATED, about('done'))
    const revision = await store.revision()

    clock.now = NIGHT
    const again = await pets.setFeedingReminder('1', CREATED, about('done'))

    expect(again?.events).toEqual([{ id: anyId, topic: 'done', data: { petId: '1', updatedAt: NOON } }])
    expect(await store.revision()).toBe(revision)
  })

  test('When the job changes a pet, then its write may wait for others; a client’s may not', async () => {
    const { pets, store } = makePets(rex)
    const update = vi.spyOn(store, 'update')
    await pets.setFeedingReminder('1', CREATED, about('done'))
    await pets.update({ id: '1' }, { name: 'Max' }, changes)
    const [job, client] = update.mock.calls.map(([, , patienceMs]: unknown[]) => patienceMs)
    expect(job).toBeCloseTo(2, 0)
    expect(client).toBe(0)
  })

  test('When the store is broken, then the job rejects with its error', async () => {
    const { pets, store } = makePets(rex)
    const broken = new StoreError('STORE_INVALID', 'broken')
    store.update = async () => {
      throw broken
    }
    await expect(pets.setFeedingReminder('1', CREATED, about('done'))).rejects.toBe(broken)
  })
})

describe('purge', () => {
  test('When a pet is due, then readers no longer see it, and it is kept with its event until that is settled', async () => {
    const { pets, store, clock } = makePets(deletedRex)
    clock.now = NIGHT

    const change = await pets.purge('1', purged)

    const event = { id: anyId, topic: 'purged', data: { petId: '1', purgedAt: NIGHT } }
    expect(change).toEqual({ pet: deletedRex, events: [event] })
    await expect(pets.get('1')).rejects.toMatchObject(notFound)
    expect(await store.get('1')).toEqual({ ...deletedRex, purged: true, owed: [event] })

    await pets.settle(change?.events ?? [], 0)
    expect(await store.get('1')).toBeNull()
  })

  test('When two namespaces purge a pet at the same time, then one of them has the event', async () => {
    const { pets, store, clock } = makePets(deletedRex)
    clock.now = NIGHT
    const both = await Promise.all([pets.purge('1', purged), pets.purge('1', purged)])
    expect(both.filter((change) => change !== null)).toHaveLength(1)
    expect((await store.get('1'))?.owed).toHaveLength(1)
  })

  test('When the pet is not due, or no longer due, then nothing is written', async () => {
    const { pets, store, clock } = makePets(deletedRex, buildPet({ id: '2' }))
    const revision = await store.revision()
    clock.now = PURGE - 1
    for (const id of ['1', '2', '3']) expect(await pets.purge(id, purged)).toBeNull()
    expect(await store.revision()).toBe(revision)
  })

  test('When the store runs the change twice and the pet was restored in between, then it is not purged', async () => {
    const { pets, store, clock } = makePets(deletedRex)
    clock.now = NIGHT
    const { update } = store
    store.update = (id, change) => {
      change(deletedRex)
      store.reset(rex)
      return update.call(store, id, change)
    }
    expect(await pets.purge('1', purged)).toBeNull()
    expect(await pets.get('1')).toEqual(rex)
  })
})

describe('reap', () => {
  test('When pets are due, then each is purged, and all pets of the store are counted as scanned', async () => {
    const { pets, clock } = makePets(deletedRex, buildPet({ id: '2' }), { ...deletedRex, id: '3' })
    clock.now = NIGHT
    const ids: string[] = []
    const reaping = await pets.reap(async (id) => {
      ids.push(id)
      return true
    })
    expect(ids).toEqual(['1', '3'])
    expect(reaping).toEqual({ counts: { totalScanned: 3, purgedCount: 2, failedCount: 0 }, errors: [] })
  })

  test('When a key has expired, then the run removes it, and leaves the others and the pets alone', async () => {
    const { pets, store, clock } = makePets()
    await pets.create(REX, () => [], 'old')
    clock.now += 1
    await pets.create(REX, () => [], 'new')
    clock.now = NOON + DAY_MS
    const shown = await pets.list()
    expect((await pets.reap(async () => true)).counts).toEqual({ totalScanned: 2, purgedCount: 0, failedCount: 0 })
    expect((await store.list()).map(({ idempotency }) => idempotency !== undefined)).toEqual([false, true])
    expect(await pets.list()).toEqual(shown)
  })

  test('When the store is empty, then nothing is counted', async () => {
    const { pets } = makePets()
    expect((await pets.reap(async () => true)).counts).toEqual({ totalScanned: 0, purgedCount: 0, failedCount: 0 })
  })

  test('When another namespace was faster, then the pet counts neither as purged nor as failed', async () => {
    const { pets, clock } = makePets(deletedRex)
    clock.now = NIGHT
    expect((await pets.reap(async () => false)).counts).toEqual({ totalScanned: 1, purgedCount: 0, failedCount: 0 })
  })

  test('When a pet was purged before, then it is not scanned', async () => {
    const { pets, clock } = makePets({ ...deletedRex, purged: true }, buildPet({ id: '2' }))
    clock.now = NIGHT
    expect((await pets.reap(async () => true)).counts).toEqual({ totalScanned: 1, purgedCount: 0, failedCount: 0 })
  })

  test('When some pets cannot be purged, then they count as failed, the others are purged, and the next run tries again', async () => {
    const { pets, clock } = makePets(...['1', '2', '3'].map((id) => ({ ...deletedRex, id })))
    clock.now = NIGHT
    const full = new StoreError('STORE_FULL', 'There is no space left')
    const { counts, errors } = await pets.reap(async (id) => {
      if (id === '2') throw full
      return (await pets.purge(id, purged)) !== null
    })
    expect(counts).toEqual({ totalScanned: 3, purgedCount: 2, failedCount: 1 })
    expect(errors).toEqual([full])
    expect((await pets.list()).map(({ id }) => id)).toEqual(['2'])

    const second = await pets.reap(async (id) => (await pets.purge(id, purged)) !== null)
    expect(second.counts).toEqual({ totalScanned: 1, purgedCount: 1, failedCount: 0 })
  })

  test('When very many pets cannot be purged, then all are counted, and only some of the errors are returned', async () => {
    const { pets, clock } = makePets(
      ...Array.from({ length: 30 }, (_, index) => ({ ...deletedRex, id: String(index + 1) })),
    )
    clock.now = NIGHT
    const { counts, errors } = await pets.reap(() => Promise.reject(new Error('no')))
    expect(counts.failedCount).toBe(30)
    expect(errors.length).toBeGreaterThan(0)
    expect(errors.length).toBeLessThan(30)
  })

  test('When there are thousands of pets, then each is scanned once, page by page', async () => {
    const many = Array.from({ length: 2_500 }, (_, index) =>
      buildPet({ ...(index % 2 ? rex : deletedRex), id: `${index + 1}` }),
    )
    const { pets, clock } = makePets(...many)
    clock.now = NIGHT
    const { counts } = await pets.reap(async (id) => (await pets.purge(id, purged)) !== null)
    expect(counts).toEqual({ totalScanned: 2_500, purgedCount: 1_250, failedCount: 0 })
    expect(await pets.list()).toEqual(many.filter((_, index) => index % 2))
  })

  test('When a pet becomes due during a run, then the run purges it', async () => {
    const many = Array.from({ length: 1_001 }, (_, index) => ({ ...deletedRex, id: `${index + 1}` }))
    const late = { ...deletedRex, id: '1002', purgeAt: NIGHT + 1 }
    const { pets, clock } = makePets(...many, late)
    clock.now = NIGHT
    const { counts } = await pets.reap(async () => {
      clock.now = NIGHT + 1
      return true
    })
    expect(counts.purgedCount).toBe(1_002)
  })

  test('When the store cannot be read, then the run rejects with its error', async () => {
    const { pets, store } = makePets()
    const broken = new StoreError('STORE_INVALID', 'broken')
    store.page = async () => {
      throw broken
    }
    await expect(pets.reap(async () => true)).rejects.toBe(broken)
  })
})

describe('owed and settle', () => {
  const event = (id: string, petId: string) => ({ id, topic: 'js.pet.created', data: { petId } })

  test('When pets owe events, then all are returned, from as many pages as there are', async () => {
    const many = Array.from({ length: 1_001 }, (_, index) => {
      const id = `${index + 1}`
      return buildPet({ id, owed: [event(`a${id}`, id), event(`b${id}`, id)] })
    })
    const { pets } = makePets(...many, buildPet({ id: '1002' }))
    const pages = await owedPages(pets)
    expect(pages.length).toBeGreaterThan(1)
    expect(pages.flat()).toEqual(many.flatMap(({ owed }) => owed))
  })

  test('When nothing is owed, then nothing is returned', async () => {
    expect((await owedPages(makePets(rex).pets)).flat()).toEqual([])
  })

  test('When events are settled, then they are removed from all of their pets in one write', async () => {
    const { pets, store } = makePets(
      buildPet({ id: '1', owed: [event('a', '1'), event('b', '1')] }),
      buildPet({ id: '2', owed: [event('c', '2')] }),
      buildPet({ id: '3', owed: [event('d', '3')] }),
    )
    const updateMany = vi.spyOn(store, 'updateMany')

    await pets.settle([event('a', '1'), event('b', '1'), event('c', '2')], 500)

    expect(await store.list()).toEqual([
      buildPet({ id: '1' }),
      buildPet({ id: '2' }),
      buildPet({ id: '3', owed: [event('d', '3')] }),
    ])
    expect(updateMany.mock.calls.map(([ids, , patienceMs]: unknown[]) => [ids, patienceMs])).toEqual([
      [['1', '2'], 500],
    ])
    expect((await owedPages(pets)).flat()).toEqual([event('d', '3')])
  })

  test('When an event is settled twice, or its pet is gone, then nothing happens', async () => {
    const { pets, store } = makePets(rex)
    const revision = await store.revision()
    await pets.settle([event('a', '1'), event('b', '9')], 0)
    expect(await store.revision()).toBe(revision)
  })

  test.each([
    ['has no id', [{ data: { petId: '1' } }]],
    ['is about no pet', [{ id: 'a', data: { totalScanned: 1 } }]],
    ['has no data', [{ id: 'a', data: null }]],
    ['does not exist', []],
  ])('When an event %s, then the store is not written', async (_, events) => {
    const { pets, store } = makePets({ ...rex, owed: [event('a', '1')] })
    const updateMany = vi.spyOn(store, 'updateMany')
    await pets.settle(events, 0)
    expect(updateMany).not.toHaveBeenCalled()
  })

  test('When the store refuses to settle events, then the call rejects with its error', async () => {
    const { pets, store } = makePets({ ...rex, owed: [event('a', '1')] })
    const full = new StoreError('STORE_FULL', 'There is no space left')
    store.updateMany = async () => {
      throw full
    }
    await expect(pets.settle([event('a', '1')], 0)).rejects.toBe(full)
  })
})

describe('check', () => {
  test('When the store can be read, then the check resolves, and otherwise rejects with its error', async () => {
    const { pets, store } = makePets()
    await expect(pets.check()).resolves.toBeUndefined()
    const broken = new StoreError('STORE_INVALID', 'broken')
    store.get = async () => {
      throw broken
    }
    await expect(pets.check()).rejects.toBe(broken)
  })

  test('When the store can be read, but has a problem of its own, then the check rejects with that', async () => {
    const replica = new StoreError('STORE_UNAVAILABLE', 'a replica')
    const store = Object.assign(new MemoryStore(), { check: () => Promise.reject(replica) })
    await expect(new Pets(store).check()).rejects.toBe(replica)
  })
})
