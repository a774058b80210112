import type { StoredPet } from '../../pets/pet'
import { checkPet } from '../pets-check'
import { StoreError } from '../store'

/** A pet and its JSON in Redis. */
interface KnownPet {
  text: string
  pet: StoredPet
}

/** A cache of the last pets that this process has seen, so that unchanged JSON need not be parsed again. */
export class KnownPets {
  readonly #pets = new Map<string, KnownPet>()

  constructor(private readonly size: number) {}

  /** Returns the pet as this process last saw it, which may be out of date. */
  get(id: string): KnownPet | undefined {
    return this.#pets.get(id)
  }

  set(id: string, known: KnownPet): void {
    this.#pets.delete(id)
    this.#pets.set(id, known)
    for (const oldest of this.#pets.keys()) {
      if (this.#pets.size <= this.size) break
      this.#pets.delete(oldest)
    }
  }

  forget(id: string): void {
    this.#pets.delete(id)
  }

  /** Returns the pet in the JSON and remembers it. Throws a `StoreError` if it is not a valid pet with that id. */
  learn(id: string, text: string): StoredPet {
    const known = this.#parse(id, text)
    this.set(id, known)
    return known.pet
  }

  /** Returns the pet in the JSON. Does not remember it, so that a long list does not displace the known pets. */
  read(id: string, text: string): StoredPet {
    return this.#pets.size < this.size ? this.learn(id, text) : this.#parse(id, text).pet
  }

  #parse(id: string, text: string): KnownPet {
    const known = this.#pets.get(id)
    return known?.text === text ? known : { text, pet: parsePet(id, text) }
  }
}

function parsePet(id: string, text: string): StoredPet {
  let pet: unknown
  try {
    pet = JSON.parse(text)
  } catch (cause) {
    throw invalid(`pets.${id}: not valid JSON`, cause)
  }
  return checkPet(id, pet, invalid)
}

const invalid = (problem: string, cause?: unknown): StoreError =>
  new StoreError('STORE_INVALID', `Invalid pet in Redis: ${problem}`, { cause })
