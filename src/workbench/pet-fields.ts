/** What a form holds, as it was typed. */
export interface PetFields {
  name: string
  species: string
  ageMonths: string
}

/** The fields as a request's body. An age that is no number is sent as it is: to refuse it is the endpoint's business. */
export const bodyOf = ({ name, species, ageMonths }: PetFields): object => {
  const age = Number(ageMonths)
  return { name, species, ageMonths: ageMonths.trim() === '' || Number.isNaN(age) ? ageMonths : age }
}
