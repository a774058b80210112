import type { StoredPet } from '../../src/pets/pet'

/** A valid pet; name only the fields that matter to the test. */
export function buildPet(fields: Partial<StoredPet> & { id: string }): StoredPet {
  return {
    name: 'Buddy',
    species: 'dog',
    ageMonths: 12,
    status: 'new',
    createdAt: 1_700_000_000_000,
    updatedAt: 1_700_000_000_000,
    ...fields,
  }
}

/** What to hand to `create` for such a pet. */
export function petOf(fields: Partial<StoredPet> = {}): (id: string) => StoredPet {
  return (id) => buildPet({ ...fields, id })
}
