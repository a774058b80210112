import type { StoredPet } from '../../pets/pet'
import { checkPet } from '../pets-check'
import { StoreError } from '../store'

/** A pet, and the JSON that Redis has for it. */
export interface KnownPet {
  text: string
  pet: StoredPet
}

/** The pets that this process saw last, the latest of them: JSON that is as before need not be parsed again. */
export class KnownPets {
  readonly #pets = new Map<string, KnownPet>()
  readonly #size: number

  constructor(size: number) {
    this.#size = size
  }

  /** Returns the pet as this process saw it last, which may be out of date. */
  get(id: string): KnownPet | undefined {
    return this.#pets.get(id)
  }

  set(id: string, known: KnownPet): void {
    this.#pets.delete(id)
    this.#pets.set(id, known)
    for (const oldest of this.#pets.keys()) {
      if (this.#pets.size <= this.#size) break
      this.#pets.delete(oldest)
    }
  }

  forget(id: string): void {
    this.#pets.delete(id)
  }

  /** Returns the pet of that JSON and remembers it; throws a `StoreError` if it is not a valid pet of that id. */
  learn(id: string, text: string): StoredPet {
    const known = this.#parse(id, text)
    this.set(id, known)
    return known.pet
  }

  /** Returns the pet of that JSON, one of many that are read: it does not displace those that are known. */
  read(id: string, text: string): StoredPet {
    return this.#pets.size < this.#size ? this.learn(id, text) : this.#parse(id, text).pet
  }

  #parse(id: string, text: string): KnownPet {
    const known = this.#pets.get(id)
    return known?.text === text ? known : { text, pet: parsePet(id, text) }
  }
}

function parsePet(id: string, text: string): StoredPet {
  try {
    return checkPet(id, JSON.parse(text))
  } catch (cause) {
    const problem = cause instanceof StoreError ? cause.message.replace(/^.*?: /, '') : `pets.${id}: not valid JSON`
    throw new StoreError('STORE_INVALID', `Invalid pet in Redis: ${problem}`, { cause })
  }
}
