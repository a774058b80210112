import { describe, expect, test } from 'vitest'
import { DAY_MS, type StoredPet } from '../../src/pets/pet'
import type { PetStore } from '../../src/store/store'
import { buildPet, petOf } from './build-pet'

/** What every pet store promises, wherever it keeps its pets. `makeStore` gives each test an empty one. */
export function describePetStorePromises(name: string, makeStore: () => PetStore | Promise<PetStore>): void {
  describe(`${name} keeps the promises of a pet store`, () => {
    test('an empty store lists nothing and finds nothing', async () => {
      const store = await makeStore()
      expect(await store.list()).toEqual([])
      expect(await store.get('1')).toBeNull()
    })

    test('a pet that was created is found by its id', async () => {
      const store = await makeStore()
      const created = await store.create(petOf({ name: 'Rex' }))
      expect(created).toEqual(buildPet({ id: '1', name: 'Rex' }))
      expect(await store.get('1')).toEqual(created)
    })

    test('ids are decimal strings that count up from 1', async () => {
      const store = await makeStore()
      for (const id of ['1', '2', '3']) expect((await store.create(petOf())).id).toBe(id)
    })

    test('ids are never handed out twice, not even after a removal', async () => {
      const store = await makeStore()
      await store.create(petOf())
      await store.create(petOf())
      await remove(store, '2')
      expect((await store.create(petOf())).id).toBe('3')
      await remove(store, '1', '3')
      expect((await store.create(petOf())).id).toBe('4')
    })

    test('pets created at the same time get different ids', async () => {
      const store = await makeStore()
      const pets = await Promise.all(Array.from({ length: 200 }, () => store.create(petOf())))
      expect(new Set(pets.map(({ id }) => id)).size).toBe(200)
      expect(await store.list()).toHaveLength(200)
    })

    test('a pet that repeats the create of another is not stored, and the other comes with the error', async () => {
      const store = await makeStore()
      const keyed = (key: string, fields: Partial<StoredPet> = {}) =>
        store.create(petOf({ ...fields, idempotency: { key, body: 'b' } }))
      const results = await Promise.allSettled(Array.from({ length: 50 }, (_, index) => keyed(`key ${index % 2}`)))
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
      await store.update('1', (pet) => ({ ...pet, name: 'Max' }))
      const first = await store.get('1')
      await expect(keyed('key 0')).rejects.toMatchObject({ name: 'RepeatedCreateError', first })
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ name: 'RepeatedCreateError' })
      }
      await store.create(petOf())
      await keyed('key 2')
      expect((await store.list()).map(({ id }) => id)).toEqual(['1', '2', '3', '4'])
    })

    test('a key counts for 24 hours, and as long as a pet has it', async () => {
      const store = await makeStore()
      const keyed = async (createdAt: number) => {
        const { id } = await store.create(petOf({ createdAt, idempotency: { key: 'k', body: 'b' } }))
        return id
      }
      expect(await keyed(0)).toBe('1')
      await expect(keyed(DAY_MS - 1)).rejects.toMatchObject({ first: { id: '1' } })
      expect(await keyed(DAY_MS)).toBe('2')
      const isKept = () => expect(keyed(DAY_MS + 1)).rejects.toMatchObject({ first: { id: '2' } })
      await isKept()
      // What happens to the pet that had the key before does not matter.
      await store.update('1', (pet) => ({ ...pet, name: 'Max' }))
      await isKept()
      await store.update('1', ({ idempotency: _, ...pet }) => pet)
      await isKept()
      await remove(store, '1')
      await isKept()
      await store.update('2', ({ idempotency: _, ...pet }) => pet)
      expect(await keyed(DAY_MS + 1)).toBe('3')
      await remove(store, '3')
      expect(await keyed(DAY_MS + 1)).toBe('4')
    })

    test('the list is in the order of creation, whatever is updated or removed', async () => {
      const store = await makeStore()
      await Promise.all(Array.from({ length: 130 }, () => store.create(petOf())))
      await store.update('100', (pet) => ({ ...pet, name: 'Rex' }))
      await store.update('9', (pet) => ({ ...pet, name: 'Rex' }))
      await remove(store, '10')
      const expected = Array.from({ length: 130 }, (_, index) => String(index + 1)).filter((id) => id !== '10')
      expect((await store.list()).map(({ id }) => id)).toEqual(expected)
    })

    test('the revision changes with every change, and with nothing else', async () => {
      const store = await makeStore()
      const changes = [
        () => store.create(petOf()),
        () => store.update('1', (pet) => ({ ...pet, name: 'Max' })),
        () => remove(store, '1'),
      ]
      const seen = [await store.revision()]
      for (const change of changes) {
        await change()
        seen.push(await store.revision())
        await store.update('1', (pet) => pet)
        await store.updateMany(['1', '2'], (pet) => pet)
        await store.list()
        expect(await store.revision()).toBe(seen.at(-1))
      }
      expect(new Set(seen).size).toBe(4)
    })

    test('pages contain every pet once, in order of creation, whatever changes in between', async () => {
      const store = await makeStore()
      await Promise.all(Array.from({ length: 130 }, () => store.create(petOf())))
      await remove(store, '1', '63', '64', '130')
      const seen: string[] = []
      for (;;) {
        const page = await store.page(seen.at(-1) ?? null, 20)
        seen.push(...page.map(({ id }) => id))
        if (page.length < 20) break
        await store.update('100', (pet) => ({ ...pet, ageMonths: pet.ageMonths + 1 }))
      }
      expect(seen).toEqual((await store.list()).map(({ id }) => id))
      expect(seen).toHaveLength(126)
    })

    test('a page begins after its id, whether or not that pet exists, and ends with the last pet', async () => {
      const store = await makeStore()
      for (let count = 0; count < 5; count++) await store.create(petOf())
      await remove(store, '3')
      const idsAfter = async (after: string | null, limit: number) =>
        (await store.page(after, limit)).map(({ id }) => id)
      expect(await idsAfter(null, 2)).toEqual(['1', '2'])
      expect(await idsAfter('2', 2)).toEqual(['4', '5'])
      expect(await idsAfter('3', 1)).toEqual(['4'])
      expect(await idsAfter('5', 10)).toEqual([])
      expect(await idsAfter('999999', 10)).toEqual([])
    })

    test('pages from the newest on contain every pet once, the last created first', async () => {
      const store = await makeStore()
      await Promise.all(Array.from({ length: 70 }, () => store.create(petOf())))
      await remove(store, '69')
      await store.update('3', (pet) => ({ ...pet, name: 'Rex' }))
      const idsOf = async (after: string | null, limit: number) =>
        (await store.page(after, limit, 'newest-first')).map(({ id }) => id)
      expect(await idsOf(null, 3)).toEqual(['70', '68', '67'])
      expect(await idsOf('70', 1)).toEqual(['68'])
      expect(await idsOf('69', 2)).toEqual(['68', '67'])
      expect(await idsOf('3', 10)).toEqual(['2', '1'])
      expect(await idsOf('1', 10)).toEqual([])
      expect(await idsOf('999999', 1)).toEqual(['70'])
      for (const limit of [69, 1_000]) {
        expect(await store.page(null, limit, 'newest-first')).toEqual((await store.list()).toReversed())
      }
    })

    test('a page of what owes events contains the pets that do, and no others', async () => {
      const store = await makeStore()
      const owed = [{ id: 'e1', topic: 'js.pet.created', data: { petId: '1' } }]
      await store.create(petOf({ owed }))
      await store.create(petOf())
      await store.create(petOf({ owed }))
      await store.create(petOf({ owed }))
      await store.update('2', (pet) => ({ ...pet, owed }))
      await store.update('3', ({ owed: _, ...pet }) => pet)
      await remove(store, '4')
      const ids = async (after: string | null, limit: number) =>
        (await store.page(after, limit, 'owing')).map(({ id }) => id)
      expect(await ids(null, 10)).toEqual(['1', '2'])
      expect(await ids('1', 1)).toEqual(['2'])
      expect(await ids(null, 1)).toEqual(['1'])
    })

    test('an update gives the pet before and after', async () => {
      const store = await makeStore()
      const before = await store.create(petOf({ name: 'Rex' }))
      const change = await store.update('1', (pet) => ({ ...pet, name: 'Max' }))
      expect(change).toEqual({ before, after: { ...before, name: 'Max' } })
      expect((await store.get('1'))?.name).toBe('Max')
    })

    test('an update that returns its argument gives the same object twice', async () => {
      const store = await makeStore()
      await store.create(petOf())
      const change = await store.update('1', (pet) => pet)
      expect(change?.after).toBe(change?.before)
    })

    test('an update removes the fields that it omits or sets to undefined', async () => {
      const store = await makeStore()
      await store.create(petOf({ notes: 'a', purgeAt: 1 }))
      const change = await store.update('1', ({ notes: _, ...pet }) => ({ ...pet, purgeAt: undefined }))
      expect(Object.keys(change?.after ?? {}).sort()).toEqual(Object.keys(buildPet({ id: '1' })).sort())
    })

    test('updates of one pet at the same time all count', async () => {
      const store = await makeStore()
      await store.create(petOf({ ageMonths: 0 }))
      const increment = () => store.update('1', (pet) => ({ ...pet, ageMonths: pet.ageMonths + 1 }))
      await Promise.all(Array.from({ length: 100 }, increment))
      expect((await store.get('1'))?.ageMonths).toBe(100)
    })

    test('an update of no pet is null, and does not call the change', async () => {
      const store = await makeStore()
      const change = () => {
        throw new Error('called')
      }
      expect(await store.update('1', change)).toBeNull()
    })

    test('a change that throws rejects with what it threw and leaves the others alone', async () => {
      const store = await makeStore()
      await store.create(petOf({ name: 'Rex' }))
      const error = new Error('no')
      const fail = () => {
        throw error
      }
      const results = await Promise.allSettled([
        store.create(fail),
        store.update('1', (pet) => ({ ...pet, name: 'Max' })),
        store.update('1', fail),
        store.updateMany(['1'], fail),
        store.create(petOf()),
      ])
      expect(results.map(({ status }) => status === 'fulfilled')).toEqual([false, true, false, false, true])
      for (const result of results) if (result.status === 'rejected') expect(result.reason).toBe(error)
      expect((await store.list()).map((pet) => [pet.id, pet.name])).toEqual([
        ['1', 'Max'],
        ['2', 'Buddy'],
      ])
    })

    test('many pets are changed and removed at once, and those that do not exist are skipped', async () => {
      const store = await makeStore()
      await Promise.all(Array.from({ length: 5 }, () => store.create(petOf({ ageMonths: 0 }))))
      await store.updateMany(['2', '9', '4', '5'], (pet) => {
        if (pet.id === '4') return null
        return pet.id === '5' ? pet : { ...pet, ageMonths: pet.ageMonths + 1 }
      })
      expect((await store.list()).map(({ id, ageMonths }) => [id, ageMonths])).toEqual([
        ['1', 0],
        ['2', 1],
        ['3', 0],
        ['5', 0],
      ])
    })

    test('a patient change is written with an urgent one, or alone when its time is up', async () => {
      const store = await makeStore()
      await store.create(petOf())
      const patient = store.updateMany(['1'], (pet) => ({ ...pet, notes: 'patient' }), 5_000)
      await store.create(petOf())
      await patient
      await store.update('2', (pet) => ({ ...pet, notes: 'later' }), 10)
      expect((await store.list()).map(({ notes }) => notes)).toEqual(['patient', 'later'])
    })

    test('a change that makes the pet invalid is refused, and nothing is stored', async () => {
      const store = await makeStore()
      const pet = await store.create(petOf())
      const changes = [{ ageMonths: Number.NaN }, { id: '7' }, { species: 'dragon' as 'dog' }]
      for (const fields of changes) {
        await expect(store.update('1', (old) => ({ ...old, ...fields }))).rejects.toMatchObject({
          code: 'STORE_INVALID',
        })
      }
      await expect(store.create(() => buildPet({ id: '99' }))).rejects.toMatchObject({ code: 'STORE_INVALID' })
      expect(await store.list()).toEqual([pet])
    })

    test('a pet handed in and changed afterwards does not change in the store', async () => {
      const store = await makeStore()
      const pet = buildPet({ id: '0', name: 'Rex' })
      await store.create((id) => Object.assign(pet, { id }))
      pet.name = 'Max'
      expect((await store.get('1'))?.name).toBe('Rex')
    })

    test.each(['__proto__', 'constructor', 'toString', '', '01', '1.0', ' 1', '1e0', '0x1', 'NaN', '-1'])(
      'no pet has the id %j',
      async (id) => {
        const store = await makeStore()
        await store.create(petOf())
        expect(await store.get(id)).toBeNull()
        expect(await store.update(id, (pet) => ({ ...pet, name: 'Max' }))).toBeNull()
        await remove(store, id)
        expect(await store.list()).toEqual([buildPet({ id: '1' })])
      },
    )

    test('reads keep giving the same objects while nothing changes', async () => {
      const store = await makeStore()
      const pet = await store.create(petOf())
      expect(await store.get('1')).toBe(pet)
      expect(await store.list()).toBe(await store.list())
    })
  })
}

const remove = (store: PetStore, ...ids: string[]): Promise<void> => store.updateMany(ids, () => null)
