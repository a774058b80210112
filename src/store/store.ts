import type { StoredPet } from '../pets/pet'

/** Why a store could not answer. `STORE_INVALID`: what is stored is no valid store; `STORE_FULL`: no space left; `STORE_UNAVAILABLE`: anything else. */
export type StoreErrorCode = 'STORE_INVALID' | 'STORE_FULL' | 'STORE_UNAVAILABLE'

/** A store that could not answer. The message is fit for a client: it names the problem and never a path. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  /** A job that meets this error is delivered again, and the attempt does not count. */
  readonly isTemporary = true

  constructor(
    readonly code: StoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** A pet was not created since it repeats the create of another one, `first`. */
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

/** How often a store has written, and how many changes it has written that way. One write may hold many changes. */
export interface Written {
  writes: number
  changes: number
}

/** Which pets a page is of: all in the order of creation, only those that owe events, or all in the opposite order. */
export type Which = 'all' | 'owing' | 'newest-first'

/** How a change is written. */
export interface WriteOptions {
  /**
   * How long the change may wait for others to be written with it, in ms; 0 if a client waits for it. A store whose writes
   * cost the same for one change as for many saves one by that.
   */
  patienceMs?: number
}

/**
 * Where the pets are kept. Every method rejects with a `StoreError` and with nothing else of its own. A change is
 * acknowledged (its promise resolves) only once it is durable. Pets that come out are shared and must not be mutated.
 */
export interface PetStore {
  /** What this process has written since it opened the store. */
  readonly written: Readonly<Written>

  /** The pet of that id, or null. */
  get(id: string): Promise<StoredPet | null>

  /** A text that changes whenever anything stored does, and is the same while nothing does. */
  revision(): Promise<string>

  /** Every pet, in the order of creation. The same array while nothing changes, unless they are very many. */
  list(): Promise<readonly StoredPet[]>

  /**
   * The first `limit` pets after the one of the id `after`, which need not exist (null: from the beginning). Fewer than `limit`
   * are the last.
   */
  page(after: string | null, limit: number, which?: Which): Promise<readonly StoredPet[]>

  /**
   * Stores the pet that `make` builds for the next id, unless it repeats the create of another one (`isRepeat`): then it rejects
   * with a `RepeatedCreateError`. Ids are decimal strings, never handed out twice. `make` may run twice,
   * or with a text that stands in for an id not known yet: it may put the id anywhere, and must not look at it.
   */
  create(make: (id: string) => StoredPet): Promise<StoredPet>

  /**
   * Replaces the pet by what `change` makes of it; null if there is no such pet. A `change` that returns its argument writes
   * nothing; one that throws changes nothing and rejects with what it threw. It may run twice.
   */
  update(id: string, change: (pet: StoredPet) => StoredPet, options?: WriteOptions): Promise<Change | null>

  /**
   * Replaces each pet that exists by what `change` makes of it, or removes it if that is null, in as few writes as the store
   * can. `change` may run twice; a pet for which it returns its argument is not written. If it throws for one pet, others may be
   * changed all the same.
   */
  updateMany(
    ids: readonly string[],
    change: (pet: StoredPet) => StoredPet | null,
    options?: WriteOptions,
  ): Promise<void>

  /** Gets the store ready before a server uses it; throws a one-line error if the server must not start with it. */
  start?(): Promise<void>

  /** Writes what is still to be written, and lets go of files. A store is not used after that. */
  close(): Promise<void>
}
