import type { StoredPet } from '../../src/pets/pet'
import { isUnfinished } from '../../src/pets/pet-changes'
import { checkPet } from '../../src/store/pets-check'
import { type Change, type PetStore, StoreError } from '../../src/store/store'

/** A pet store in memory, which keeps all the promises of a pet store but durability. */
export class MemoryStore implements PetStore {
  #seq = 1
  #stored: readonly StoredPet[] = []
  #revision = 0

  /** Holds the given pets, which must be in ascending order of their ids. */
  constructor(...pets: StoredPet[]) {
    this.#pets = pets
    this.#seq = Number(pets.at(-1)?.id ?? 0) + 1
  }

  get #pets(): readonly StoredPet[] {
    return this.#stored
  }

  set #pets(pets: readonly StoredPet[]) {
    this.#stored = pets
    this.#revision += 1
  }

  async get(id: string): Promise<StoredPet | null> {
    return this.#find(id)
  }

  async revision(): Promise<string> {
    return String(this.#revision)
  }

  async list(): Promise<readonly StoredPet[]> {
    return this.#pets
  }

  async page(after: string | null, limit: number, which: 'all' | 'unfinished' = 'all'): Promise<readonly StoredPet[]> {
    const wanted = which === 'all' ? this.#pets : this.#pets.filter(isUnfinished)
    return wanted.filter(({ id }) => Number(id) > Number(after ?? 0)).slice(0, limit)
  }

  async newest(limit: number): Promise<readonly StoredPet[]> {
    return this.#pets.slice(-limit)
  }

  async create(make: (id: string) => StoredPet): Promise<StoredPet> {
    const id = String(this.#seq)
    const pet = asStored(id, make(id))
    this.#seq += 1
    this.#pets = [...this.#pets, pet]
    return pet
  }

  async update(id: string, change: (pet: StoredPet) => StoredPet): Promise<Change | null> {
    const before = this.#find(id)
    if (!before) return null
    const changed = change(before)
    if (changed === before) return { before, after: before }
    const after = asStored(id, changed)
    this.#pets = this.#pets.map((pet) => (pet.id === id ? after : pet))
    return { before, after }
  }

  async remove(id: string, condition: (pet: StoredPet) => boolean): Promise<StoredPet | null> {
    const pet = this.#find(id)
    if (!pet || !condition(pet)) return null
    this.#pets = this.#pets.filter((other) => other.id !== id)
    return pet
  }

  #find(id: string): StoredPet | null {
    return this.#pets.find((pet) => pet.id === id) ?? null
  }
}

const asStored = (id: string, pet: StoredPet): StoredPet => {
  try {
    return checkPet(id, JSON.parse(JSON.stringify(pet)))
  } catch (cause) {
    throw new StoreError('STORE_INVALID', 'The change does not make a valid pet', { cause })
  }
}
