import type { StoredPet } from '../../pets/pet'
import { checkContent, checkPets, invalid } from '../pets-check'
import { StoreError } from '../store'
import { findDuplicateKey } from './duplicate-key'
import { blockNumberOf, PetsBlock } from './pets-block'
import { PetsDocument } from './pets-document'

/** The document in a data file of any layout; throws a `StoreError` that names the first thing wrong with it. */
export function parseDocument(bytes: Uint8Array): PetsDocument {
  const text = decode(bytes)
  const { seq, pets, ...extras } = checkContent(parseJson(text))
  const checked = checkPets(pets)
  // JSON.parse keeps the last of two members of the same name and drops the others, unseen.
  const duplicate = findDuplicateKey(text)
  if (duplicate) throw invalid(`${duplicate}: appears twice`)
  const lastId = Number(checked.at(-1)?.id ?? 0)
  return new PetsDocument(Math.max(seq, lastId + 1), toBlocks(checked), extras)
}

function toBlocks(pets: StoredPet[]): Map<number, PetsBlock> {
  const groups = new Map<number, Map<string, StoredPet>>()
  for (const pet of pets) {
    const number = blockNumberOf(pet.id)
    const group = groups.get(number)
    if (group) group.set(pet.id, pet)
    else groups.set(number, new Map([[pet.id, pet]]))
  }
  return new Map(Array.from(groups, ([number, group]) => [number, new PetsBlock(group)]))
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new StoreError('STORE_INVALID', 'The data file is not valid UTF-8', { cause })
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const { message } = cause as SyntaxError
    throw new StoreError('STORE_INVALID', `The data file is not valid JSON: ${message}`, { cause })
  }
}
