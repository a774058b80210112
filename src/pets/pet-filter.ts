import type { ListPets } from './payloads'
import type { Pet } from './pet'

/** Returns a function that checks whether a pet matches. `q` is a part of the name, in upper or lower case. */
export const petFilter = ({ species, status, q }: Pick<ListPets, 'species' | 'status' | 'q'>) => {
  const part = q?.toLowerCase()
  return (pet: Pet): boolean =>
    (species === undefined || pet.species === species) &&
    (status === undefined || pet.status === status) &&
    (part === undefined || pet.name.toLowerCase().includes(part))
}
