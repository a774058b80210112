import type { StoredPet } from '../../pets/pet'
import type { PetsState } from './pets-state'

/** How many ids share a block. It is small, because a change serialises its whole block again. */
const BLOCK_SIZE = 64

const HEAD = '{\n  "pets": {'
const TAIL = '\n  }\n}'

interface Block {
  pets: readonly StoredPet[]
  text: Buffer
}

/** Serialises the pets as the text of the data file. Caches the text of blocks of pets. */
export class PetsText {
  #blocks = new Map<number, Block>();

  /** Yields the text in parts, in the specification's form, indented by two spaces. */
  *parts({ seq, extras }: Pick<PetsState, 'seq' | 'extras'>, pets: readonly StoredPet[]): Generator<Uint8Array> {
    const rest = JSON.stringify({ pets: {}, ...extras }, null, 2).slice('{\n  "pets": {}'.length)
    const known = this.#blocks
    this.#blocks = new Map()
    let before = `{\n  "seq": ${seq},\n  "pets": {`
    for (const [number, members] of blocksOf(pets)) {
      const old = known.get(number)
      const block = old && isSame(old.pets, members) ? old : { pets: members, text: toText(members) }
      this.#blocks.set(number, block)
      yield Buffer.from(before)
      yield block.text
      before = ','
    }
    yield Buffer.from(`${before === ',' ? '\n  ' : before}}${rest}\n`)
  }
}

function* blocksOf(pets: readonly StoredPet[]): Generator<[number: number, pets: readonly StoredPet[]]> {
  for (let start = 0; start < pets.length; ) {
    const number = numberOf(pets[start])
    let end = start
    while (end < pets.length && numberOf(pets[end]) === number) end += 1
    yield [number, pets.slice(start, end)]
    start = end
  }
}

const numberOf = (pet: StoredPet | undefined): number => Math.floor(Number(pet?.id) / BLOCK_SIZE)

const isSame = (a: readonly StoredPet[], b: readonly StoredPet[]): boolean =>
  a.length === b.length && a.every((pet, index) => pet === b[index])

/**
 * Returns the members of the file's `pets` object, from the line break before the first to the last one's closing
 * brace.
 */
function toText(pets: readonly StoredPet[]): Buffer {
  const nested = JSON.stringify({ pets: Object.fromEntries(pets.map((pet) => [pet.id, pet])) }, null, 2)
  return Buffer.from(nested.slice(HEAD.length, -TAIL.length))
}
