import { owesEvents, type StoredPet } from '../../pets/pet'
import type { Which } from '../store'

/** The content of a store in memory: the pets by ascending id, and the next id. */
export class PetsState {
  /** Unknown top-level keys of the data file, which the store keeps. */
  extras: Readonly<Record<string, unknown>> = {}
  #seq = 1
  #changes = 0
  #pets: StoredPet[] = []
  #list: readonly StoredPet[] | null = null
  readonly #owing = new Map<string, StoredPet>()
  /** The pets that were created with an `Idempotency-Key`, by the hash of it. */
  readonly #byKey = new Map<string, StoredPet>()

  /** The next id. It never decreases, whatever happens to the file, so that no id is given twice. */
  get seq(): number {
    return this.#seq
  }

  /** The number of changes. */
  get changes(): number {
    return this.#changes
  }

  /** Replaces all pets, which are given by ascending id. */
  reset(pets: readonly StoredPet[], extras: Readonly<Record<string, unknown>>): void {
    this.#pets = [...pets]
    this.#list = null
    this.extras = extras
    this.#owing.clear()
    this.#byKey.clear()
    for (const pet of pets) this.#index(pet)
    this.raiseSeq(Number(pets.at(-1)?.id ?? 0) + 1)
    this.#changes += 1
  }

  /** Makes the next id at least this one. */
  raiseSeq(seq: number): void {
    this.#seq = Math.max(this.#seq, seq)
  }

  /** Returns the pet with that id, or null. */
  get(id: string): StoredPet | null {
    const pet = this.#pets[indexOf(this.#pets, id)]
    return pet?.id === id ? pet : null
  }

  /** The pet that was created last with that `Idempotency-Key`, given as its hash, if there is one. */
  createdWith(key: string): StoredPet | undefined {
    return this.#byKey.get(key)
  }

  /** Adds the pet, or replaces the one with its id. */
  set(pet: StoredPet): void {
    const index = indexOf(this.#pets, pet.id)
    const isKnown = this.#pets[index]?.id === pet.id
    const [before] = this.#pets.splice(index, isKnown ? 1 : 0, pet)
    if (before) this.#unindex(before)
    this.#index(pet)
    this.#list = null
    this.raiseSeq(Number(pet.id) + 1)
    this.#changes += 1
  }

  /** Removes the pet with that id. */
  delete(id: string): void {
    const index = indexOf(this.#pets, id)
    const pet = this.#pets[index]
    if (pet?.id !== id) return
    this.#pets.splice(index, 1)
    this.#unindex(pet)
    this.#list = null
    this.#changes += 1
  }

  /** Returns every pet, by ascending id; the same array while nothing changes. */
  list(): readonly StoredPet[] {
    this.#list ??= this.#pets.slice()
    return this.#list
  }

  /** As the method of `PetStore`. */
  page(after: string | null, limit: number, which: Which): StoredPet[] {
    if (which === 'newest-first') {
      const end = after === null ? this.#pets.length : indexOf(this.#pets, after)
      return this.#pets.slice(Math.max(0, end - limit), end).reverse()
    }
    const pets = which === 'all' ? this.#pets : [...this.#owing.values()].sort((a, b) => Number(a.id) - Number(b.id))
    const start = after === null ? 0 : indexOf(pets, after)
    const first = pets[start]?.id === after ? start + 1 : start
    return pets.slice(first, first + limit)
  }

  #index(pet: StoredPet): void {
    if (owesEvents(pet)) this.#owing.set(pet.id, pet)
    if (!pet.idempotency) return
    // An expired key may have been used again.
    const { key } = pet.idempotency
    if (Number(this.#byKey.get(key)?.id ?? 0) < Number(pet.id)) this.#byKey.set(key, pet)
  }

  #unindex(pet: StoredPet): void {
    this.#owing.delete(pet.id)
    if (pet.idempotency && this.#byKey.get(pet.idempotency.key) === pet) this.#byKey.delete(pet.idempotency.key)
  }
}

/** Returns the index of the first pet whose id is not below this one. */
function indexOf(pets: readonly StoredPet[], id: string): number {
  const wanted = Number(id)
  let [low, high] = [0, pets.length]
  // Ids grow, so most ids that writers look for are at the end.
  if (high > 0 && Number(pets[high - 1]?.id) < wanted) return high
  while (low < high) {
    const middle = (low + high) >> 1
    if (Number(pets[middle]?.id) < wanted) low = middle + 1
    else high = middle
  }
  return low
}
