import type { StoredPet } from '../../pets/pet'
import { blockNumberOf, PetsBlock } from './pets-block'
import { PetsDocument } from './pets-document'

/** The next version of a document in the making; the document itself stays as it is. */
export class PetsDraft {
  #seq: number
  readonly #touched = new Map<number, Map<string, StoredPet>>()

  constructor(readonly base: PetsDocument) {
    this.#seq = base.seq
  }

  /** The next id. */
  get seq(): number {
    return this.#seq
  }

  /** Whether anything was added, replaced or removed. */
  get changed(): boolean {
    return this.#touched.size > 0
  }

  /** The pet of that id, or null. */
  get(id: string): StoredPet | null {
    const touched = this.#touched.get(blockNumberOf(id))
    return touched ? (touched.get(id) ?? null) : this.base.get(id)
  }

  /** Replaces a pet, or adds the one of the next id. */
  set(pet: StoredPet): void {
    this.#touch(pet.id).set(pet.id, pet)
    this.#seq = Math.max(this.#seq, Number(pet.id) + 1)
  }

  /** Removes the pet of that id. */
  delete(id: string): void {
    this.#touch(id).delete(id)
  }

  /** The document with all that was changed. */
  finish(): PetsDocument {
    const blocks = new Map(this.base.blocks)
    for (const [number, pets] of this.#touched) {
      if (pets.size > 0) blocks.set(number, new PetsBlock(pets))
      else blocks.delete(number)
    }
    return new PetsDocument(this.#seq, blocks, this.base.extras)
  }

  #touch(id: string): Map<string, StoredPet> {
    const number = blockNumberOf(id)
    let pets = this.#touched.get(number)
    if (!pets) {
      pets = new Map(this.base.blocks.get(number)?.pets)
      this.#touched.set(number, pets)
    }
    return pets
  }
}
