import type { Audit, AuditNews } from '../audit/audit'
import type { Pet } from '../pets/pet'
import { isVisible, presentPet } from '../pets/pet-changes'
import { type PetStore, StoreError } from '../store/store'

/** How many pets the page gets at most, since the browser filters them. */
const MOST_PETS = 10_000

/** The known state: the revision of the store, and the end of the audit trail. */
export interface Known {
  revision: string | undefined
  end: string | undefined
}

/** The news in the store. */
interface StoreNews {
  /** Changes with the content of the store. */
  revision: string
  /** The pets, or the newest of very many; missing if nothing changed or the store cannot be read. */
  pets?: Pet[]
  /** Whether older pets are missing. */
  isPart?: boolean
  /** Why the store cannot be read. */
  error?: string
}

/** Returns the news in the store and the audit trail. Reads the store directly: no step runs, and there is no trace. */
export const readNews = async (
  store: PetStore,
  audit: Audit,
  known: Known,
): Promise<{ store: StoreNews; audit: AuditNews }> => ({
  store: await readStore(store, known.revision),
  // If the trail cannot be read, it has no news. The store says why.
  audit: await audit.readAfter(known.end).catch(() => ({ lines: [], end: known.end ?? '', isNew: false })),
})

const readStore = async (store: PetStore, knownRevision: string | undefined): Promise<StoreNews> => {
  try {
    // Read this before the pets: if they change in between, the next call returns them again.
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
