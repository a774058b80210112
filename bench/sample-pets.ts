import { closeSync, openSync, writeSync } from 'node:fs'

/** A pet whose job is done, as the stores contain them before a run. */
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

/** Pets per write: a million in one text would exceed the maximum length of a string. */
const CHUNK = 10_000

const writePets = (
  file: string,
  count: number,
  begin: string,
  end: string,
  entry: (number: number) => string,
): void => {
  const fd = openSync(file, 'w')
  writeSync(fd, begin)
  for (let first = 1; first <= count; first += CHUNK) {
    const size = Math.min(CHUNK, count - first + 1)
    const entries = Array.from({ length: size }, (_, index) => entry(first + index))
    writeSync(fd, `${first === 1 ? '' : ','}${entries.join(',')}`)
  }
  writeSync(fd, end)
  closeSync(fd)
}

/** Writes the pet store's data file with that many pets, ids `1` to `count`. */
export const writePetStoreFile = (file: string, count: number): void =>
  writePets(file, count, `{"seq":${count + 1},"pets":{`, '}}\n', (number) => {
    const id = String(number)
    return `${JSON.stringify(id)}:${JSON.stringify({ id, ...samplePet(number) })}`
  })

/** Writes json-server's file with the same pets. Ids are numbers: it counts those up, but invents random strings. */
export const writeJsonServerFile = (file: string, count: number): void =>
  writePets(file, count, '{"pets":[', ']}\n', (number) => JSON.stringify({ id: number, ...samplePet(number) }))
