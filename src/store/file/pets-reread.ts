import { checkPets } from '../pets-check'
import { blockNumberOf, PetsBlock } from './pets-block'
import { PetsDocument } from './pets-document'

const HEAD = /^\{\n {2}"seq": ([1-9][0-9]{0,14}),\n {2}"pets": \{/
const KEY = /^\n {4}"([1-9][0-9]{0,14})": \{/
const MEMBER_END = Buffer.from('\n    }')
const COMMA = 0x2c
const CLOSING_BRACE = 0x7d

/**
 * The document in a data file that has exactly the layout in which the store writes it, null for any other. Blocks whose text
 * is known are taken over as they are, so reading what another process changed costs little more than the comparison.
 */
export function rereadDocument(bytes: Buffer, known: PetsDocument): PetsDocument | null {
  try {
    const [head, seq] = HEAD.exec(bytes.toString('latin1', 0, 64)) ?? []
    if (!head) return null
    const { blocks, end } = readBlocks(bytes, head.length, known)
    const rest = bytes.toString('utf8', end)
    const { seq: _, pets: __, ...extras } = JSON.parse(`{"seq":0,"pets":{${rest}`)
    const document = new PetsDocument(Number(seq), blocks, extras)
    const lastId = [...([...blocks.values()].at(-1)?.pets.keys() ?? [])].at(-1) ?? 0
    if (document.tail !== rest || document.seq <= Number(lastId)) return null
    return isSame(document, known) ? known : document
  } catch {
    // Not the store's own layout, or invalid: the full parse finds out which, and where.
    return null
  }
}

function readBlocks(bytes: Buffer, start: number, known: PetsDocument) {
  const blocks = new Map<number, PetsBlock>()
  if (bytes[start] === CLOSING_BRACE) return { blocks, end: start }
  let last = -1
  for (let at = start; ; at++) {
    const number = blockNumberAt(bytes, at)
    if (!(number > last)) throw new Error('The ids do not ascend')
    const block = matchBlock(bytes, at, number, known.blocks.get(number)) ?? readBlock(bytes, at, number)
    blocks.set(number, block)
    last = number
    at += block.text.length
    if (bytes[at] !== COMMA) return { blocks, end: at }
  }
}

function matchBlock(bytes: Buffer, at: number, number: number, known: PetsBlock | undefined): PetsBlock | null {
  if (!known) return null
  const end = at + known.text.length
  if (continues(bytes, end, number)) return null
  return known.text.equals(bytes.subarray(at, end)) ? known : null
}

function readBlock(bytes: Buffer, at: number, number: number): PetsBlock {
  let end = at
  do {
    const close = bytes.indexOf(MEMBER_END, end)
    if (close < 0) throw new Error('A pet does not end')
    end = close + MEMBER_END.length
  } while (continues(bytes, end, number))
  const pets = checkPets(JSON.parse(`{${bytes.toString('utf8', at, end)}}`))
  const block = new PetsBlock(new Map(pets.map((pet) => [pet.id, pet])))
  // Also rules out members that JSON.parse drops, and anything else that would not be written as it was read.
  if (!block.text.equals(bytes.subarray(at, end))) throw new Error('Another layout')
  return block
}

function continues(bytes: Buffer, end: number, number: number): boolean {
  return bytes[end] === COMMA && blockNumberAt(bytes, end + 1) === number
}

function blockNumberAt(bytes: Buffer, at: number): number {
  return blockNumberOf(KEY.exec(bytes.toString('latin1', at, at + 32))?.[1] ?? 'none')
}

function isSame(a: PetsDocument, b: PetsDocument): boolean {
  if (a.seq !== b.seq || a.blocks.size !== b.blocks.size || a.tail !== b.tail) return false
  for (const [number, block] of a.blocks) if (b.blocks.get(number) !== block) return false
  return true
}
