import { z } from 'zod'
import { type StoredPet, storedPetSchema } from '../pets/pet'
import { StoreError } from './store'

/** The largest `seq` a store can have: ids have at most 15 digits, so that each is an exact number. */
export const MAX_SEQ = 10 ** 15

const ID = /^[1-9][0-9]{0,14}$/

const contentSchema = z.looseObject({ seq: z.int().positive().max(MAX_SEQ), pets: z.record(z.string(), z.unknown()) })

/** What a data file holds, its pets not checked yet. */
export interface FileContent {
  seq: number
  pets: Record<string, unknown>
}

// The checks return their argument rather than zod's copy of it, which loses the order of keys, and keys like `__proto__`.

/** The content of a data file, once its shape is right; throws a `StoreError` otherwise. */
export function checkContent(content: unknown): FileContent {
  const { error } = contentSchema.safeParse(content)
  if (error) throw invalid(describe(error))
  return content as FileContent
}

/** The pets of a data file by ascending id, once each is valid and has its key for its id; throws a `StoreError` otherwise. */
export function checkPets(pets: Record<string, unknown>): StoredPet[] {
  const checked = Object.entries(pets).map(([id, pet]) => checkPet(id, pet))
  return checked.sort((a, b) => Number(a.id) - Number(b.id))
}

/** The pet, once it is valid and has that id; throws a `StoreError` otherwise. */
export function checkPet(id: string, pet: unknown): StoredPet {
  if (!ID.test(id)) throw invalid(`pets.${id}: the key is no id, a whole number from "1" on`)
  const { error, data } = storedPetSchema.safeParse(pet)
  if (error) throw invalid(describe(error, ['pets', id]))
  if (data.id !== id) throw invalid(`pets.${id}.id: differs from the key it is under`)
  return pet as StoredPet
}

/** The pet as the store gives it back, so that memory never differs from what is stored; throws a `StoreError`. */
export function asStored(id: string, pet: StoredPet): StoredPet {
  try {
    return checkPet(id, JSON.parse(JSON.stringify(pet)))
  } catch (cause) {
    throw new StoreError('STORE_INVALID', `The change to pet ${id} does not make a valid pet`, { cause })
  }
}

/** The error of a data file that is no valid store. */
export function invalid(problem: string, cause?: unknown): StoreError {
  return new StoreError('STORE_INVALID', `The data file is not a valid store: ${problem}`, { cause })
}

function describe(error: z.ZodError, prefix: string[] = []): string {
  const issue = error.issues[0]
  const path = [...prefix, ...(issue?.path ?? [])].map(String).join('.')
  return path ? `${path}: ${issue?.message}` : String(issue?.message)
}
