import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { vi } from 'vitest'
import type { StoredPet } from '../../src/pets/pet'
import { createFileStore } from '../../src/store/file/file-store'
import { makeTempDir } from '../support/temp-dir'

/** The data folder of the steps of this test file, which must import them after this module: with `await import(…)`. */
export const dataDir = makeTempDir()
process.env.PETS_DATA_DIR = dataDir

// Whichever store the app uses.
vi.doMock('../../src/app/open-store', () => ({ openStore: () => createFileStore({ dataDir }) }))

const file = join(dataDir, 'pets.json')

/** Fills the store with only these pets. The next id is one above theirs. */
export const givenPets = (...pets: StoredPet[]): void => {
  const seq = Math.max(0, ...pets.map(({ id }) => Number(id))) + 1
  givenFile(JSON.stringify({ seq, pets: Object.fromEntries(pets.map((pet) => [pet.id, pet])) }))
}

/** Replaces the data file by a text, with a rename, as an editor does. */
export const givenFile = (text: string): void => {
  writeFileSync(`${file}.edited`, text)
  renameSync(`${file}.edited`, file)
}

/** Removes the data file. */
export const givenNoFile = (): void => rmSync(file, { force: true })

/** The text of the data file. */
export const fileText = (): string => readFileSync(file, 'utf8')

/** The pets in the data file, by id. */
export const storedPets = (): Record<string, StoredPet> => JSON.parse(fileText()).pets

/** The pet in the data file. */
export const storedPet = (id: string): StoredPet | undefined => storedPets()[id]
