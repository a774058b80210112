import type { StoredPet } from '../../pets/pet'
import { blockNumberOf, type PetsBlock } from './pets-block'

const COMMA = Buffer.from(',')

/** One version of all that the data file holds. Never changes: the next version shares the blocks that stay the same. */
export class PetsDocument {
  /** What a missing file holds. */
  static readonly empty = new PetsDocument(1, new Map(), {})

  #list: readonly StoredPet[] | null = null

  constructor(
    /** The next id. */
    readonly seq: number,
    /** By block number, ascending; none is empty. */
    readonly blocks: ReadonlyMap<number, PetsBlock>,
    /** The top-level keys of the file that the store does not know, and keeps. */
    readonly extras: Readonly<Record<string, unknown>>,
  ) {}

  /** The pet of that id, or null. */
  get(id: string): StoredPet | null {
    return this.blocks.get(blockNumberOf(id))?.pets.get(id) ?? null
  }

  /** Every pet, by ascending id; the same array each time. */
  list(): readonly StoredPet[] {
    this.#list ??= Array.from(this.blocks.values(), ({ pets }) => [...pets.values()]).flat()
    return this.#list
  }

  /** The first `limit` pets of an id above `after` for which `isWanted` holds, by ascending id. */
  page(after: string, limit: number, isWanted: (pet: StoredPet) => boolean): StoredPet[] {
    const first = blockNumberOf(after)
    const page: StoredPet[] = []
    for (const [number, { pets }] of this.blocks) {
      if (number < first) continue
      for (const pet of pets.values()) {
        if (page.length >= limit) return page
        if ((number > first || Number(pet.id) > Number(after)) && isWanted(pet)) page.push(pet)
      }
    }
    return page
  }

  /** The text of the data file up to the first pet. */
  get head(): string {
    return `{\n  "seq": ${this.seq},\n  "pets": {`
  }

  /** The text of the data file after the last pet. */
  get tail(): string {
    const extras = JSON.stringify({ pets: {}, ...this.extras }, null, 2).slice('{\n  "pets": {}'.length)
    return `${this.blocks.size > 0 ? '\n  ' : ''}}${extras}\n`
  }

  /** The bytes of the data file, in parts. */
  toParts(): Uint8Array[] {
    const members = Array.from(this.blocks.values(), ({ text }) => [COMMA, text])
      .flat()
      .slice(1)
    return [Buffer.from(this.head), ...members, Buffer.from(this.tail)]
  }
}
