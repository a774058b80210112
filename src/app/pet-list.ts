import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ListPets } from '../pets/payloads'
import type { Pet } from '../pets/pet'
import { isVisible, presentPet } from '../pets/pet-changes'
import { PAGE_SIZE, pagesOf } from '../store/pages'
import type { PetStore } from '../store/store'

/** How many pets of a long list are copied per turn of the event loop: about 5 ms of work. */
const LIST_SLICE = 10_000

/** How many pets a filtered page checks at most, so that a rare filter takes no longer than others. */
const MOST_LOOKED_AT = 10_000

/** Returns every pet of a store, including soft-deleted ones, in the order of creation. */
export const listPets = async (store: PetStore): Promise<Pet[]> => {
  const stored = await store.list()
  const pets: Pet[] = []
  for (let start = 0; start < stored.length; start += LIST_SLICE) {
    if (start > 0) await nextTurn()
    for (const pet of stored.slice(start, start + LIST_SLICE)) if (isVisible(pet)) pets.push(presentPet(pet))
  }
  return pets
}

/** A page of a list. `next` is the cursor of the next page; null if there is none. */
export interface PetPage {
  pets: Pet[]
  next: string | null
}

/**
 * Returns at most `limit` pets that match the filter, after the one with the id `cursor`. A page may be short although
 * more follow, since it checks a limited number of pets.
 */
export const listPage = async (store: PetStore, { limit, cursor, sort, ...filter }: ListPets): Promise<PetPage> => {
  const which = sort === '-createdAt' ? 'newest-first' : 'all'
  // Without a filter, one read usually returns the page and shows whether there is more.
  const size = Object.values(filter).some((value) => value !== undefined) ? PAGE_SIZE : limit + 1
  const isWanted = matcher(filter)
  const pets: Pet[] = []
  let next = cursor
  let looked = 0
  for await (const page of pagesOf((after, most) => store.page(after, most, which), cursor, size)) {
    for (const pet of page) {
      if (pets.length === limit || looked === MOST_LOOKED_AT) return { pets, next }
      if (isVisible(pet) && isWanted(pet)) pets.push(presentPet(pet))
      next = pet.id
      looked += 1
    }
  }
  return { pets, next: null }
}

/** Returns the text for a comparison: `Ä` is the same as `ä`, and as an `A` with a combining diaeresis. */
const comparable = (text: string): string => text.normalize().toLowerCase()

const matcher = ({ species, status, q }: Pick<ListPets, 'species' | 'status' | 'q'>) => {
  const part = q && comparable(q)
  return (pet: Pet): boolean =>
    (species === undefined || pet.species === species) &&
    (status === undefined || pet.status === status) &&
    (part === undefined || comparable(pet.name).includes(part))
}
