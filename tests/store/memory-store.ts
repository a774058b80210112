import { owesEvents, type StoredPet } from '../../src/pets/pet'
import { isRepeat } from '../../src/pets/pet-changes'
import { asStored } from '../../src/store/pets-check'
import { type PetStore, RepeatedCreateError } from '../../src/store/store'

/** Returns a store that keeps the pets in memory: the smallest one that can serve the steps. */
export const createMemoryStore = (): PetStore => {
  let [pets, seq, revision]: [readonly StoredPet[], number, number] = [[], 1, 0]
  const replace = (next: readonly StoredPet[]) => {
    if (next.length === pets.length && next.every((pet) => pets.includes(pet))) return
    revision += 1
    pets = next
  }
  const change = (pet: StoredPet, changed: StoredPet) => (changed === pet ? pet : asStored(pet.id, changed))
  return {
    get: async (id) => pets.find((pet) => pet.id === id) ?? null,
    revision: async () => String(revision),
    list: async () => pets,
    page: async (after, limit, which) => {
      const [all, sign] = which === 'newest-first' ? [pets.toReversed(), -1] : [pets, 1]
      const isBehind = ({ id }: StoredPet) => after === null || sign * (Number(id) - Number(after)) > 0
      return all.filter((pet) => isBehind(pet) && (which !== 'owing' || owesEvents(pet))).slice(0, limit)
    },
    create: async (make) => {
      const pet = asStored(String(seq), make(String(seq)))
      const first = pets.find((other) => isRepeat(pet, other))
      if (first) throw new RepeatedCreateError(first)
      seq += 1
      replace([...pets, pet])
      return pet
    },
    update: async (id, make) => {
      const before = pets.find((pet) => pet.id === id)
      if (!before) return null
      const after = change(before, make(before))
      replace(pets.map((pet) => (pet === before ? after : pet)))
      return { before, after }
    },
    updateMany: async (ids, make) => {
      const next = pets.map((pet) => {
        const made = ids.includes(pet.id) ? make(pet) : pet
        return made && change(pet, made)
      })
      replace(next.filter((pet) => pet !== null))
    },
    close: async () => {},
  }
}
