import type { Audit, KeyedLine } from '../audit/audit'
import type { Pet } from '../pets/pet'
import { isVisible, presentPet } from '../pets/pet-changes'
import { type PetStore, StoreError } from '../store/store'

/** How many pets the page gets at most: a browser must hold and filter them. */
const MOST_PETS = 10_000

/** What is known already: the revision of the store, and the end of the audit trail. */
export interface Known {
  revision: string | undefined
  end: string | undefined
}

/** What is new in the store and in the audit trail. */
export interface News {
  store: {
    /** Changes with the content of the store. */
    revision: string
    /** The pets, or the newest of very many; missing if nothing changed or the store cannot be read. */
    pets?: Pet[]
    /** Whether there are older pets than those. */
    isPart?: boolean
    /** Why the store cannot be read. */
    error?: string
  }
  audit: {
    lines: KeyedLine[]
    /** Where the next read begins. */
    end: string
    /** Whether this is another trail: the lines that were read before are void. */
    isNew: boolean
  }
}

/** Returns what is new. Reads the store itself: no step runs, and there is no trace. */
export const readNews = async (store: PetStore, audit: Audit, known: Known): Promise<News> => ({
  store: await readStore(store, known.revision),
  // If the trail cannot be read, it has no news. The store says why.
  audit: await audit.readAfter(known.end).catch(() => ({ lines: [], end: known.end ?? '', isNew: false })),
})

const readStore = async (store: PetStore, knownRevision: string | undefined): Promise<News['store']> => {
  try {
    // Before the pets: if they change in between, the next call returns them again.
    const revision = await store.revision()
    if (revision === knownRevision) return { revision }
    const newest = await store.page(null, MOST_PETS + 1, 'newest-first')
    const isPart = newest.length > MOST_PETS
    return { revision, pets: newest.slice(0, MOST_PETS).reverse().filter(isVisible).map(presentPet), isPart }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    return { revision: '', error: error.message }
  }
}
