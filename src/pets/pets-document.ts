import type { StoredPet } from './pet'
import { blockNumberOf, PetsBlock } from './pets-block'

/** One version of all that the data file holds. Never changes: an edit makes a new one that shares the untouched blocks. */
export class PetsDocument {
  /** The document of a missing file. */
  static readonly empty = new PetsDocument(1, new Map(), {})

  #list: readonly StoredPet[] | null = null

  constructor(
    /** The next id. */
    readonly seq: number,
    /** By block number, ascending; none is empty. */
    readonly blocks: ReadonlyMap<number, PetsBlock>,
    /** The top-level keys of the file that the store does not know, to be kept. */
    readonly extras: Readonly<Record<string, unknown>>,
  ) {}

  /** The pet of that id, or null. */
  get(id: string): StoredPet | null {
    return this.blocks.get(blockNumberOf(id))?.pets.get(id) ?? null
  }

  /** Every pet, by ascending id. */
  list(): readonly StoredPet[] {
    this.#list ??= Array.from(this.blocks.values(), (block) => [...block.pets.values()]).flat()
    return this.#list
  }

  /** The text of the data file before the first pet. */
  get head(): string {
    return `{\n  "seq": ${this.seq},\n  "pets": {`
  }

  /** The text of the data file after the last pet. */
  get tail(): string {
    const nested = JSON.stringify({ pets: {}, ...this.extras }, null, 2)
    const pets = this.blocks.size > 0 ? '\n  }' : '}'
    return `${pets}${nested.slice('{\n  "pets": {}'.length)}\n`
  }

  /** The bytes of the data file. */
  toBytes(): Buffer {
    const parts: Buffer[] = [Buffer.from(this.head)]
    for (const block of this.blocks.values()) {
      if (parts.length > 1) parts.push(COMMA)
      parts.push(block.text)
    }
    parts.push(Buffer.from(this.tail))
    return Buffer.concat(parts)
  }
}

const COMMA = Buffer.from(',')

/** A document in the making: the one it starts from stays as it is. */
export class PetsDraft {
  #seq: number
  readonly #touched = new Map<number, Map<string, StoredPet>>()

  constructor(readonly base: PetsDocument) {
    this.#seq = base.seq
  }

  /** Whether anything differs from the base. */
  get changed(): boolean {
    return this.#touched.size > 0 || this.#seq !== this.base.seq
  }

  /** The next id. */
  get seq(): number {
    return this.#seq
  }

  /** The pet of that id, or null. */
  get(id: string): StoredPet | null {
    const touched = this.#touched.get(blockNumberOf(id))
    return touched ? (touched.get(id) ?? null) : this.base.get(id)
  }

  /** Adds the pet of the next id, or replaces one that is there. */
  set(pet: StoredPet): void {
    this.#touch(pet.id).set(pet.id, pet)
    this.#seq = Math.max(this.#seq, Number(pet.id) + 1)
  }

  /** Removes the pet of that id. */
  delete(id: string): void {
    this.#touch(id).delete(id)
  }

  /** The document with the changes. */
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
