import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { StoredPet } from '../../pets/pet'
import { checkPet } from '../pets-check'

/** A change to one pet. `before` is null for a new pet, `after` for a removed one. */
export interface PetChange {
  id: string
  before: StoredPet | null
  after: StoredPet | null
}

/**
 * A change in the journal: a whole new pet, or the changed and the removed fields, or neither if the pet is removed. It
 * can be applied to a pet whose other fields somebody has edited meanwhile.
 */
export const patchSchema = z.object({
  id: z.string(),
  pet: z.unknown().optional(),
  // Pairs, because zod drops a key like `__proto__` from an object.
  set: z.array(z.tuple([z.string(), z.unknown()])).optional(),
  unset: z.array(z.string()).optional(),
})

/** A change in the journal. */
type Patch = z.infer<typeof patchSchema>

/** Returns the form of a change for the journal. */
export function toPatch({ id, before, after }: PetChange): Patch {
  if (!after) return { id }
  if (!before) return { id, pet: after }
  const old = new Map(Object.entries(before))
  const set = Object.entries(after).filter(([key, value]) => !isDeepStrictEqual(old.get(key), value))
  const unset = Object.keys(before).filter((key) => !Object.hasOwn(after, key))
  return { id, set, ...(unset.length > 0 && { unset }) }
}

/**
 * Returns the pet with the patch applied; null if that removes it. Throws a `StoreError` if the pet would be invalid.
 */
export function applyPatch(pet: StoredPet | null, { id, pet: created, set, unset = [] }: Patch): StoredPet | null {
  if (created !== undefined) return checkPet(id, created)
  if (!set || !pet) return null
  const fields = new Map<string, unknown>([...Object.entries(pet), ...set])
  for (const key of unset) fields.delete(key)
  return checkPet(id, Object.fromEntries(fields))
}
