/** A pet as it is once its job is done: what the data files hold before a run. */
export const samplePet = (number: number) => ({
  name: `Pet ${number}`,
  species: 'dog' as const,
  ageMonths: number % 200,
  status: 'available' as const,
  createdAt: 1_735_689_600_000 + number,
  updatedAt: 1_735_689_650_000 + number,
  notes: "Welcome to our pet store! We'll take great care of this pet.",
  nextFeedingAt: 1_735_776_000_000 + number,
})

const numbersTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

/** This project's data file with `count` pets, ids `1` to `count`. */
export const petStoreFile = (count: number): string => {
  const pets = Object.fromEntries(
    numbersTo(count).map((number) => [String(number), { id: String(number), ...samplePet(number) }]),
  )
  return `${JSON.stringify({ seq: count + 1, pets }, null, 2)}\n`
}

/** json-server's file with the same pets; it counts numbers up and makes random ids for anything else. */
export const jsonServerFile = (count: number): string => {
  const pets = numbersTo(count).map((number) => ({ id: number, ...samplePet(number) }))
  return `${JSON.stringify({ pets }, null, 2)}\n`
}

/** The body of a create. */
export const createBody = JSON.stringify({ name: 'Buddy', species: 'dog', ageMonths: 24 })

/** The body of an update: the whole record, since json-server replaces what it has by what it gets. */
export const updateBody = (number: number): string => JSON.stringify({ ...samplePet(number), ageMonths: 36 })
