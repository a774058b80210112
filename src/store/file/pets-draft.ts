import type { StoredPet } from '../../pets/pet'
import { MAX_SEQ } from '../pets-check'
import { StoreError } from '../store'
import type { PetChange } from './pet-change'
import type { PetsState } from './pets-state'

/** The pets as the changes of a turn see them: with the earlier changes of the same turn. */
export class PetsDraft {
  #seq: number
  readonly #changed = new Map<string, StoredPet | null>()
  readonly #byKey = new Map<string, StoredPet>()

  constructor(private readonly base: PetsState) {
    this.#seq = base.seq
  }

  /** Returns the pet with that id, or null. */
  get(id: string): StoredPet | null {
    const changed = this.#changed.get(id)
    return changed === undefined ? this.base.get(id) : changed
  }

  /** The pet that was created last with that `Idempotency-Key`, given as its hash, if there is one. */
  createdWith(key: string): StoredPet | undefined {
    return this.#byKey.get(key) ?? this.base.createdWith(key)
  }

  /** Returns the id for the next new pet. Throws a `StoreError` if there are no more ids. */
  nextId(): string {
    if (this.#seq >= MAX_SEQ) throw new StoreError('STORE_FULL', 'There are no ids left')
    return String(this.#seq)
  }

  /** Applies the changes, so that later ones see them. */
  make(changes: readonly PetChange[]): void {
    for (const { id, before, after } of changes) {
      this.#changed.set(id, after)
      if (!before && after?.idempotency) this.#byKey.set(after.idempotency.key, after)
      if (after) this.#seq = Math.max(this.#seq, Number(id) + 1)
    }
  }
}
