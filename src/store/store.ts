import type { StoredPet } from '../pets/pet'

/**
 * Why a store failed. `STORE_INVALID`: the stored data is invalid. `STORE_FULL`: no space left. `STORE_UNAVAILABLE`:
 * anything else.
 */
export type StoreErrorCode = 'STORE_INVALID' | 'STORE_FULL' | 'STORE_UNAVAILABLE'

/** Thrown if a store fails. The message is for clients: it names the problem and never a path. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  /** The queue delivers a job with this error again, without counting the attempt. */
  readonly isTemporary = true

  constructor(
    readonly code: StoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Thrown if a pet is not created because it repeats the create of another one, `first`. */
export class RepeatedCreateError extends Error {
  override readonly name = 'RepeatedCreateError'

  constructor(readonly first: StoredPet) {
    super(`Repeats the create of pet ${first.id}`)
  }
}

/** A pet before and after a change. The same object twice means that nothing changed and nothing was written. */
export interface Change {
  before: StoredPet
  after: StoredPet
}

/** The pets of a page: all in the order of creation, only those that owe events, or all in the opposite order. */
export type Which = 'all' | 'owing' | 'newest-first'

/** The `patienceMs` of a change by a job. */
export const JOB_PATIENCE_MS = 2

/**
 * Stores the pets. All methods reject only with a `StoreError`, or with the error of a callback. A change resolves once
 * it is durable. It may wait `patienceMs` to share a write with others: 0, the default, if a client waits. Returned
 * pets are shared and must not be mutated.
 */
export interface PetStore {
  /** Returns the pet with that id, or null. */
  get(id: string): Promise<StoredPet | null>

  /** Returns a text that changes if and only if the stored data changes. */
  revision(): Promise<string>

  /** Returns every pet, in the order of creation; the same array while nothing changes, unless there are very many. */
  list(): Promise<readonly StoredPet[]>

  /**
   * Returns the first `limit` pets after the id `after`, which need not exist (null: from the beginning). Fewer than
   * `limit` means that these are the last.
   */
  page(after: string | null, limit: number, which?: Which): Promise<readonly StoredPet[]>

  /**
   * Stores the pet that `make` builds for the next id, and returns it. Rejects with a `RepeatedCreateError` if it
   * repeats the create of another pet (`isRepeat`). Ids are decimal strings and never given twice. `make` may run
   * twice, or with a placeholder for an unknown id, so it must only copy the id.
   */
  create(make: (id: string) => StoredPet): Promise<StoredPet>

  /**
   * Replaces the pet by the result of `change`. Returns the pet before and after, or null if there is none. If `change`
   * returns its argument, nothing is written. If it throws, nothing is changed, and the call rejects with its error.
   * `change` may run twice.
   */
  update(id: string, change: (pet: StoredPet) => StoredPet, patienceMs?: number): Promise<Change | null>

  /**
   * Replaces each existing pet by the result of `change`, or removes it if that is null, in as few writes as possible.
   * `change` may run twice. If it returns its argument, that pet is not written. If it throws for one pet, others may
   * still be changed.
   */
  updateMany(ids: readonly string[], change: (pet: StoredPet) => StoredPet | null, patienceMs?: number): Promise<void>

  /** Prepares the store for a server. Returns warnings. Throws a one-line error if no server must start with it. */
  start?(): Promise<string[]>

  /** Rejects if the server should get no more requests, although `get` may still work. */
  check?(): Promise<void>

  /** Writes pending changes and closes files. The store must not be used afterwards. */
  close(): Promise<void>
}
