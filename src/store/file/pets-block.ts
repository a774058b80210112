import type { StoredPet } from '../../pets/pet'

// Small enough that a change serialises little anew, large enough that a document has few blocks to copy and compare.
const BLOCK_SIZE = 64

const HEAD = '{\n  "pets": {'
const TAIL = '\n  }\n}'

/** The number of the block that an id belongs to; NaN for what is no number. */
export function blockNumberOf(id: string): number {
  return Math.floor(Number(id) / BLOCK_SIZE)
}

/** The pets of one range of ids, in their order, with the text they have in the data file. Never changes. */
export class PetsBlock {
  /** The members of the file's `pets` object, from the line break before the first to the brace that ends the last. */
  readonly text: Buffer

  constructor(readonly pets: ReadonlyMap<string, StoredPet>) {
    const nested = JSON.stringify({ pets: Object.fromEntries(pets) }, null, 2)
    this.text = Buffer.from(nested.slice(HEAD.length, -TAIL.length))
  }
}
