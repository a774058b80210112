import type { Pet } from '../pets/pet'

/** The filter of the table. `all` and a blank text match everything. */
export interface PetFilter {
  text: string
  status: string
  species: string
}

/** Matches every pet. */
export const NO_FILTER: PetFilter = { text: '', status: 'all', species: 'all' }

/** Returns the matching pets. The text is an id, or part of a name or of the notes. */
export const filterPets = (pets: Pet[], { text, status, species }: PetFilter): Pet[] => {
  const wanted = text.trim().toLowerCase()
  return pets.filter(
    (pet) =>
      (status === 'all' || pet.status === status) &&
      (species === 'all' || pet.species === species) &&
      (wanted === '' ||
        pet.id === wanted ||
        pet.name.toLowerCase().includes(wanted) ||
        (pet.notes ?? '').toLowerCase().includes(wanted)),
  )
}
