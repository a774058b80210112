import { z } from 'zod'
import { clientFields, type StoredPet, storedPetSchema } from '../pets/pet'
import { StoreError } from './store'

/** The largest `seq` a store can have: ids have at most 15 digits, so that each is an exact number. */
export const MAX_SEQ = 10 ** 15

const ID = /^[1-9][0-9]{0,14}$/

const contentSchema = z.looseObject({ seq: z.int().positive().max(MAX_SEQ), pets: z.record(z.string(), z.unknown()) })

/** The defaults of the client's fields. */
const DEFAULTS = Object.entries<z.ZodType>(clientFields)
  .map(([name, field]) => [name, field.safeParse(undefined).data] as const)
  .filter(([, value]) => value !== undefined)

/** The content of a data file whose pets are not checked yet. */
type RawContent = z.infer<typeof contentSchema>

/** Returns the content of a data file. Throws a `StoreError` if its structure is wrong. */
export function checkContent(content: unknown): RawContent {
  if (!fits(contentSchema, content)) throw invalid(describe(contentSchema, content))
  return content
}

/** Returns the pets of a data file by ascending id. Throws a `StoreError` if one is invalid, or not under its id. */
export function checkPets(pets: Record<string, unknown>): StoredPet[] {
  const checked = Object.entries(pets).map(([id, pet]) => checkPet(id, pet))
  return checked.sort((a, b) => Number(a.id) - Number(b.id))
}

/** Returns the pet, with defaults for missing fields. Throws `error(problem)` if it is invalid or has another id. */
export function checkPet(id: string, pet: unknown, error = invalid): StoredPet {
  if (!ID.test(id)) throw error(`pets.${id}: the key must be an id, an integer of at most 15 digits, 1 or more`)
  if (!fits(storedPetSchema, pet)) throw error(describe(storedPetSchema, pet, ['pets', id]))
  if (pet.id !== id) throw error(`pets.${id}.id: differs from the pet's key`)
  // The pet may have been stored before a field with a default was added.
  const missing = DEFAULTS.filter(([name]) => pet[name] === undefined)
  return missing.length === 0 ? pet : { ...pet, ...Object.fromEntries(missing) }
}

/**
 * Returns the pet as it will be read from the store, so that memory never differs. Throws a `StoreError` if it is
 * invalid.
 */
export function asStored(id: string, pet: StoredPet): StoredPet {
  try {
    return checkPet(id, JSON.parse(JSON.stringify(pet)))
  } catch (cause) {
    throw new StoreError('STORE_INVALID', `The change would make pet ${id} invalid`, { cause })
  }
}

/** Returns the error for an invalid data file. */
export function invalid(problem: string): StoreError {
  return new StoreError('STORE_INVALID', `The data file is not a valid store: ${problem}`)
}

/**
 * Returns whether a value is valid. Callers use the value, because zod's copy loses the order of keys, and `__proto__`.
 */
function fits<T>(schema: z.ZodType<T>, value: unknown): value is T {
  return schema.safeParse(value).success
}

function describe(schema: z.ZodType, value: unknown, prefix: string[] = []): string {
  const issue = schema.safeParse(value).error?.issues[0]
  const path = [...prefix, ...(issue?.path ?? [])].map(String).join('.')
  return path ? `${path}: ${issue?.message}` : String(issue?.message)
}
