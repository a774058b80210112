import type { StoredPet } from '../pets/pet'

/** Why a store could not answer. `STORE_INVALID`: what is stored is no valid store; `STORE_FULL`: no space left; `STORE_UNAVAILABLE`: anything else. */
export type StoreErrorCode = 'STORE_INVALID' | 'STORE_FULL' | 'STORE_UNAVAILABLE'

/** A store that could not answer. The message is fit for a client: it names the problem and never a path. */
export class StoreError extends Error {
  override readonly name = 'StoreError'

  constructor(
    readonly code: StoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** A pet before and after a change. The same object twice means that nothing changed and nothing was written. */
export interface Change {
  before: StoredPet
  after: StoredPet
}

/**
 * Where the pets are kept. Every method rejects with a `StoreError` and with nothing else of its own. A change is
 * acknowledged (its promise resolves) only once it is durable. Pets that come out are shared and must not be mutated.
 */
export interface PetStore {
  /** The pet of that id, or null. */
  get(id: string): Promise<StoredPet | null>

  /** A text that changes whenever anything stored does, and is the same while nothing does. */
  revision(): Promise<string>

  /** Every pet, in the order of creation. The same array while nothing changes, unless they are very many. */
  list(): Promise<readonly StoredPet[]>

  /**
   * The first `limit` pets after the one of the id `after`, which need not exist (null: from the beginning), in the order of
   * creation: all of them, or those alone that still have a job or a purge under way. Fewer than `limit` are the last.
   */
  page(after: string | null, limit: number, which?: 'all' | 'unfinished'): Promise<readonly StoredPet[]>

  /** The `limit` pets that were created last, in the order of creation; all where there are no more. */
  newest(limit: number): Promise<readonly StoredPet[]>

  /**
   * Stores the pet that `make` builds for the next id. Ids are decimal strings, never handed out twice. `make` must be pure,
   * and the pet must depend on the id in nothing but its own `id`: it may run twice, or for an id that is taken meanwhile.
   */
  create(make: (id: string) => StoredPet): Promise<StoredPet>

  /**
   * Replaces the pet by what `change` makes of it; null where there is no such pet. A `change` that returns its argument
   * writes nothing; one that throws changes nothing and rejects with what it threw. It must be pure: it may run twice.
   */
  update(id: string, change: (pet: StoredPet) => StoredPet): Promise<Change | null>

  /** Removes the pet if it exists and `condition`, which must be pure, holds at that moment, and returns it; null otherwise. */
  remove(id: string, condition: (pet: StoredPet) => boolean): Promise<StoredPet | null>
}
