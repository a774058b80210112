import { owesEvents, type StoredPet } from '../../src/pets/pet'
import { isRepeat } from '../../src/pets/pet-changes'
import { asStored } from '../../src/store/pets-check'
import { type Change, type PetStore, RepeatedCreateError, type Which } from '../../src/store/store'

/** A pet store in memory, which keeps all the promises of a pet store except durability. */
export class MemoryStore implements PetStore {
  /** By ascending id. */
  #pets = new Map<string, StoredPet>()
  #list: readonly StoredPet[] | undefined
  #seq = 1
  #revision = 0

  /** Holds the given pets. */
  constructor(...pets: StoredPet[]) {
    this.reset(...pets)
  }

  /** Replaces all pets by the given ones. The next id is one above theirs. */
  reset(...pets: StoredPet[]): void {
    const ordered = pets.toSorted((a, b) => Number(a.id) - Number(b.id))
    this.#pets = new Map(ordered.map((pet) => [pet.id, asStored(pet.id, pet)]))
    this.#seq = Number(ordered.at(-1)?.id ?? 0) + 1
    this.#changed()
  }

  async get(id: string): Promise<StoredPet | null> {
    return this.#pets.get(id) ?? null
  }

  async revision(): Promise<string> {
    return String(this.#revision)
  }

  async list(): Promise<readonly StoredPet[]> {
    this.#list ??= [...this.#pets.values()]
    return this.#list
  }

  async page(after: string | null, limit: number, which: Which = 'all'): Promise<readonly StoredPet[]> {
    if (which === 'newest-first') {
      const isOlder = ({ id }: StoredPet) => after === null || Number(id) < Number(after)
      return (await this.list()).filter(isOlder).reverse().slice(0, limit)
    }
    const wanted = (await this.list()).filter((pet) => which === 'all' || owesEvents(pet))
    return wanted.filter(({ id }) => Number(id) > Number(after ?? 0)).slice(0, limit)
  }

  async create(make: (id: string) => StoredPet): Promise<StoredPet> {
    const id = String(this.#seq)
    const pet = asStored(id, make(id))
    const first = [...this.#pets.values()].find((other) => isRepeat(pet, other))
    if (first) throw new RepeatedCreateError(first)
    this.#seq += 1
    this.#pets.set(id, pet)
    this.#changed()
    return pet
  }

  async update(id: string, change: (pet: StoredPet) => StoredPet): Promise<Change | null> {
    const before = this.#pets.get(id)
    if (!before) return null
    const changed = change(before)
    if (changed === before) return { before, after: before }
    const after = asStored(id, changed)
    this.#pets.set(id, after)
    this.#changed()
    return { before, after }
  }

  async updateMany(ids: readonly string[], change: (pet: StoredPet) => StoredPet | null): Promise<void> {
    let hasChanged = false
    const next = new Map(this.#pets)
    for (const id of ids) {
      const before = next.get(id)
      const changed = before && change(before)
      if (changed === undefined || changed === before) continue
      if (changed === null) next.delete(id)
      else next.set(id, asStored(id, changed))
      hasChanged = true
    }
    if (!hasChanged) return
    this.#pets = next
    this.#changed()
  }

  async close(): Promise<void> {}

  #changed(): void {
    this.#list = undefined
    this.#revision += 1
  }
}
