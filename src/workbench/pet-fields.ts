/** What a form holds, as it was typed. */
export interface PetFields {
  name: string
  species: string
  ageMonths: string
}

/** Returns the fields as the body of a request. An age that is not a number is sent as it is: the endpoint refuses it. */
export const bodyOf = ({ name, species, ageMonths }: PetFields): object => {
  const age = Number(ageMonths)
  return { name, species, ageMonths: ageMonths.trim() === '' || Number.isNaN(age) ? ageMonths : age }
}
