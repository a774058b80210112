import type { Audit } from '../events/audit'
import { isVisible, presentPet } from '../pets/pet-changes'
import { type PetStore, StoreError } from '../store/store'
import type { News } from './live'

/** How many pets the page is given at most: what a browser parses and keeps several times a second. */
const MOST_PETS = 10_000

/** What the page has already: the stamp of the store, and the end of the audit trail. */
export interface Known {
  stamp: string | undefined
  end: string | undefined
}

/** What is new since the page last asked. Reads the store itself: no step runs, no trace is made. */
export const readNews = async (store: PetStore, audit: Audit, known: Known): Promise<News> => ({
  store: await readStore(store, known.stamp),
  // A trail that cannot be read has nothing new; the store tells why.
  audit: await audit.readAfter(known.end).catch(() => ({ lines: [], end: known.end ?? '', isNew: false })),
})

const readStore = async (store: PetStore, knownStamp: string | undefined): Promise<News['store']> => {
  try {
    // The stamp is taken before the pets: where they change in between, the next answer has them again.
    const stamp = await store.revision()
    if (stamp === knownStamp) return { stamp }
    const newest = await store.newest(MOST_PETS + 1)
    const isPart = newest.length > MOST_PETS
    return { stamp, pets: newest.slice(-MOST_PETS).filter(isVisible).map(presentPet), isPart }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    return error.message === knownStamp ? { stamp: knownStamp } : { stamp: error.message, error: error.message }
  }
}
