import { vi } from 'vitest'
import type { StoredPet } from '../../src/pets/pet'
import { MemoryStore } from '../pets/memory-store'

/** The store of the steps of this test file, which must import them after this module: with `await import(…)`. */
export const store = new MemoryStore()

// The stores that servers use have their own tests.
vi.doMock('../../src/app/open-store', () => ({ openStore: () => store }))

/** Fills the store with only these pets. The next id is one above theirs. */
export const givenPets = (...pets: StoredPet[]): void => store.reset(...pets)

/** The pet in the store, with the events that it owes; undefined if there is none. */
export const storedPet = async (id: string): Promise<StoredPet | undefined> => (await store.get(id)) ?? undefined
