import { type CreatePet, createPetSchema } from '../../src/pets/payloads'
import { type StoredPet, storedPetSchema } from '../../src/pets/pet'

const BUDDY = createPetSchema.parse({ name: 'Buddy', species: 'dog', ageMonths: 12 })

// The schemas add the default of each field that has one, so that a new field needs no change here.
const STORED = storedPetSchema.parse({
  id: '1',
  ...BUDDY,
  status: 'new',
  createdAt: 1_700_000_000_000,
  updatedAt: 1_700_000_000_000,
})

/** A client's data for a new pet; name only the fields that matter to the test. */
export const buildCreate = (fields: Partial<CreatePet> = {}): CreatePet => ({ ...BUDDY, ...fields })

/** A valid pet; name only the fields that matter to the test. */
export function buildPet(fields: Partial<StoredPet> & { id: string }): StoredPet {
  return { ...STORED, ...fields }
}

/** What to hand to `create` for such a pet. */
export function petOf(fields: Partial<StoredPet> = {}): (id: string) => StoredPet {
  return (id) => buildPet({ ...fields, id })
}
