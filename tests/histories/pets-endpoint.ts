import { etagOf } from 'motia-runtime'
import { Pets } from '../../src/app/pets'
import { updatePetSchema } from '../../src/pets/payloads'
import { type Pet, PetChangedError, PetNotFoundError } from '../../src/pets/pet'
import type { PetStore } from '../../src/store/store'
import { buildCreate } from '../store/build-pet'
import type { Endpoint, SeenVersion } from './clients'
import { seenOf } from './pet-history'

const versionOf = (pet: Pet): SeenVersion => ({ saw: seenOf(pet), etag: etagOf(JSON.stringify(pet)) })

const orNull = async <T>(pet: Promise<T>): Promise<T | null> => {
  try {
    return await pet
  } catch (error) {
    if (error instanceof PetNotFoundError) return null
    throw error
  }
}

/** Returns a server without its HTTP: the pets of a store in this process. */
export const petsEndpoint = (store: PetStore): Endpoint => {
  const pets = new Pets(store)
  const event = () => ({ topic: 'x', data: {} })
  return {
    create: async (fields, key) => {
      const { pet } = await pets.create(buildCreate(fields), () => [], key)
      return { id: pet.id, saw: seenOf(pet) }
    },
    update: async (id, fields, ifMatch) => {
      const patch = updatePetSchema.parse(fields)
      const wanted = { id, headers: ifMatch === undefined ? {} : { 'if-match': ifMatch } }
      try {
        const changed = await orNull(pets.update(wanted, patch, { deleted: event, restored: event }))
        return changed && versionOf(changed.pet)
      } catch (error) {
        if (error instanceof PetChangedError) return 'changed'
        throw error
      }
    },
    remove: async (id) => (await orNull(pets.softDelete({ id }, event))) !== null,
    read: async (id) => {
      const pet = await orNull(pets.get(id))
      return pet && versionOf(pet)
    },
    list: async () => new Map((await pets.list()).map((pet) => [pet.id, seenOf(pet)])),
  }
}
