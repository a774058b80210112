import type { StoredPet } from '../../pets/pet'
import { checkPet } from '../pets-check'
import { StoreError } from '../store'

/** A pet, and the JSON that Redis has for it. */
export interface KnownPet {
  text: string
  pet: StoredPet
}

/** The id in the JSON of a pet as the store writes it: the first member. */
const ID = /^\{"id":"(\d+)"/

/** The pets that this process saw last, the latest of them: what has the same text as before need not be parsed again. */
export class KnownPets {
  readonly #pets = new Map<string, KnownPet>()
  readonly #size: number

  constructor(size: number) {
    this.#size = size
  }

  /** The pet as this process saw it last, which may no longer be how it is. */
  get(id: string): KnownPet | undefined {
    return this.#pets.get(id)
  }

  /** The pet of that text, from now on known; throws a `StoreError` where the text is no valid pet of that id. */
  learn(id: string, text: string): KnownPet {
    const known = this.#matching(id, text)
    this.#pets.delete(id)
    this.#pets.set(id, known)
    for (const oldest of this.#pets.keys()) {
      if (this.#pets.size <= this.#size) break
      this.#pets.delete(oldest)
    }
    return known
  }

  /** The pet of a text that is one of many: those known already stay so, whatever else goes by. */
  read(text: string): StoredPet {
    const id = ID.exec(text)?.[1] ?? idOf(text)
    return this.#pets.size < this.#size ? this.learn(id, text).pet : this.#matching(id, text).pet
  }

  forget(id: string): void {
    this.#pets.delete(id)
  }

  #matching(id: string, text: string): KnownPet {
    const known = this.#pets.get(id)
    return known?.text === text ? known : { text, pet: parsePet(id, text) }
  }
}

function parsePet(id: string, text: string): StoredPet {
  try {
    return checkPet(id, JSON.parse(text))
  } catch (cause) {
    const problem = cause instanceof StoreError ? cause.message.replace(/^.*?: /, '') : 'it is not valid JSON'
    throw new StoreError('STORE_INVALID', `Redis holds what is no valid pet: ${problem} (id ${id})`, { cause })
  }
}

function idOf(text: string): string {
  try {
    return String(JSON.parse(text)?.id)
  } catch {
    return 'unknown'
  }
}
