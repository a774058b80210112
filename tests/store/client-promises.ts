import { etagOf } from 'motia-runtime'
import { describe, expect, test } from 'vitest'
import { Pets } from '../../src/app/pets'
import type { Pet } from '../../src/pets/pet'
import type { PetStore } from '../../src/store/store'
import { buildCreate } from './build-pet'

const REX = buildCreate({ name: 'Rex' })

const about = ({ id: petId }: Pet) => ({ topic: 'changed', data: { petId } })
const causes = { deleted: about, restored: about }

const etagOfPet = (pet: Pet): string => etagOf(JSON.stringify(pet))

/**
 * What clients of two servers are promised, wherever the servers keep their pets. `makeStores` gives each test two empty
 * stores that share their pets.
 */
export function describeClientPromises(name: string, makeStores: () => Promise<[PetStore, PetStore]>): void {
  const makeServers = async () => {
    const [one, two] = await makeStores()
    return [new Pets(one), new Pets(two)] as const
  }

  describe(`clients of two servers on ${name}`, () => {
    test('When many clients edit the pet that they have read at the same time, then one succeeds, and the others get an error', async () => {
      const [one, two] = await makeServers()
      const { pet } = await one.create(REX, (created) => [about(created)])
      const headers = { 'if-match': etagOfPet(pet) }
      const edits = Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? one : two).update({ id: pet.id, headers }, { name: `Rex ${index}` }, causes),
      )
      const results = await Promise.allSettled(edits)
      const winners = results.flatMap((result) => (result.status === 'fulfilled' ? result.value.pet : []))
      const errors = results.flatMap((result) => (result.status === 'rejected' ? result.reason : []))
      expect(winners).toEqual([await two.get(pet.id)])
      expect(errors.map(({ name }) => name)).toEqual(Array(19).fill('PetChangedError'))
    })

    test('When a create is sent many times, at the same time and later, then one pet is stored, and all responses have it', async () => {
      const [one, two] = await makeServers()
      const create = (index: number) => (index % 2 ? one : two).create(REX, (created) => [about(created)], '/js/pets k')
      const results = await Promise.all(Array.from({ length: 20 }, (_, index) => create(index)))
      await one.update({ id: '1' }, { name: 'Max' }, causes)
      results.push(await create(0), await create(1))
      for (const { pet } of results) expect(JSON.stringify(pet)).toBe(JSON.stringify(results[0]?.pet))
      expect(results.flatMap(({ events }) => events)).toHaveLength(1)
      expect(await two.list()).toEqual([{ ...results[0]?.pet, name: 'Max', updatedAt: expect.any(Number) }])
      const other = two.create({ ...REX, ageMonths: 13 }, () => [], '/js/pets k')
      await expect(other).rejects.toMatchObject({ name: 'KeyReusedError' })
      expect((await two.create(REX, () => [], '/ts/pets k')).pet.id).toBe('2')
    })

    test('When pages of a filter are read, in either order, then each matching pet is returned once', async () => {
      const [one, two] = await makeServers()
      const create = (name: string, species: 'dog' | 'cat') => one.create({ ...REX, name, species }, () => [])
      await Promise.all(Array.from({ length: 60 }, (_, index) => create(`Pet ${index}`, index % 3 ? 'dog' : 'cat')))
      const cats = (await one.list()).filter(({ species, name }) => species === 'cat' && name.includes('1'))
      for (const sort of [undefined, '-createdAt'] as const) {
        const seen: Pet[] = []
        let cursor: string | null = null
        do {
          const page = await two.listPage({ limit: 2, cursor, sort, species: 'cat', q: '1' })
          seen.push(...page.pets)
          cursor = page.next
        } while (cursor !== null)
        expect(seen).toEqual(sort ? cats.toReversed() : cats)
      }
    })

    test('When a pet goes through its life, then both servers show it with the same ETag after each change', async () => {
      const [one, two] = await makeServers()
      const { id } = (await one.create(REX, (created) => [about(created)])).pet
      const changes = [
        () => two.setFeedingReminder(id, 1, about),
        () => one.update({ id }, { name: 'Max' }, causes),
        () => two.softDelete({ id }, about),
        () => one.update({ id }, { status: 'adopted', ageMonths: 3 }, causes),
        () => two.update({ id }, { status: 'deleted' }, causes),
      ]
      for (const change of changes) {
        const changed = await change()
        for (const server of [one, two]) expect(etagOfPet(await server.get(id))).toBe(etagOfPet(Object(changed).pet))
      }
    })
  })
}
