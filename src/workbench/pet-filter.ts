import type { Pet } from '../pets/pet'

/** What the table is narrowed down to; `all` and blank let everything pass. */
export interface PetFilter {
  text: string
  status: string
  species: string
}

/** Lets every pet pass. */
export const NO_FILTER: PetFilter = { text: '', status: 'all', species: 'all' }

/** The pets that pass: the text is an id, or part of a name or of the notes. */
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
