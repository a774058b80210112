import type { Pet } from '../pets/pet'
import { isVisible, presentPet } from '../pets/pet-changes'
import { type PetStore, StoreError } from '../store/store'

/** How many pets the page gets at most, since the browser filters them. */
const MOST_PETS = 10_000

/** The news in the store. */
interface StoreNews {
  /** Changes with the content of the store. */
  revision: string
  /** The pets, or the newest of very many; missing if nothing changed or the store cannot be read. */
  pets?: Pet[]
  /** Whether older pets are missing. */
  isPart?: boolean
  /** Why the store cannot be read. */
  problem?: string
}

/** Returns the news in the store. Reads it directly: no step runs, and there is no trace. */
export const readNews = async (store: PetStore, knownRevision?: string): Promise<StoreNews> => {
  try {
    // Read this before the pets: if they change in between, the next call returns them again.
    const revision = await store.revision()
    if (revision === knownRevision) return { revision }
    const newest = await store.page(null, MOST_PETS + 1, 'newest-first')
    const isPart = newest.length > MOST_PETS
    return { revision, pets: newest.slice(0, MOST_PETS).reverse().filter(isVisible).map(presentPet), isPart }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    return { revision: '', problem: error.message }
  }
}
