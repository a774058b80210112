import { z } from 'zod'
import { findDuplicateKey } from './duplicate-key'
import { type StoredPet, storedPetSchema } from './pet'
import { blockNumberOf, PetsBlock } from './pets-block'
import { PetsDocument } from './pets-document'
import { StoreError } from './store'

/** The largest `seq` a store can have: ids have at most 15 digits, so that every one is an exact number. */
export const MAX_SEQ = 10 ** 15

const ID = /^[1-9][0-9]{0,14}$/

const fileSchema = z.looseObject({
  seq: z.int().positive().max(MAX_SEQ),
  pets: z.record(z.string(), z.unknown()),
})

/** The document in the bytes of a data file; throws a `StoreError` that names what is wrong with them. */
export function parseDocument(bytes: Uint8Array): PetsDocument {
  const text = decode(bytes)
  const content = parseJson(text)
  const checked = fileSchema.safeParse(content)
  if (!checked.success) throw invalid(describe(checked.error))

  // The parsed value rather than zod's copy of it: it keeps the order of the keys, and keys like `__proto__`.
  const { seq, pets, ...extras } = content as { seq: number; pets: Record<string, unknown> }
  const blocks = toBlocks(checkPets(pets))
  const lastId = Number([...([...blocks.values()].at(-1)?.pets ?? new Map()).keys()].at(-1) ?? 0)
  const document = new PetsDocument(Math.max(seq, lastId + 1), blocks, extras)

  // JSON.parse drops all but the last of two members of the same name, unseen; what the store itself wrote has none.
  if (!document.toBytes().equals(bytes)) {
    const duplicate = findDuplicateKey(text)
    if (duplicate) throw invalid(`${duplicate}: appears twice`)
  }
  return document
}

/** The pet as the file would give it back: without keys that are undefined; throws a `StoreError` if it is no valid pet. */
export function checkPet(id: string, pet: unknown): StoredPet {
  if (!ID.test(id)) throw invalid(`pets.${id}: the key is no id (a whole number, from "1" on)`)
  const checked = storedPetSchema.safeParse(pet)
  if (!checked.success) throw invalid(describe(checked.error, ['pets', id]))
  if (checked.data.id !== id) throw invalid(`pets.${id}.id: differs from its key`)
  return pet as StoredPet
}

/** The pets of a parsed `pets` object, checked and by ascending id. */
export function checkPets(pets: Record<string, unknown>): StoredPet[] {
  return Object.entries(pets)
    .map(([id, pet]) => checkPet(id, pet))
    .sort((a, b) => Number(a.id) - Number(b.id))
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
  } catch (error) {
    throw invalid('not valid UTF-8', error)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalid(`not valid JSON: ${(error as Error).message}`, error)
  }
}

function describe(error: z.ZodError, prefix: string[] = []): string {
  const issue = error.issues[0]
  const path = [...prefix, ...(issue?.path ?? [])].map(String).join('.')
  return `${path ? `${path}: ` : ''}${issue?.message}`
}

function invalid(problem: string, cause?: unknown): StoreError {
  return new StoreError('STORE_INVALID', `The data file is no valid store: ${problem}`, { cause })
}
