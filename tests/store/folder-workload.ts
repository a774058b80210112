import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { type FileCalls, nodeFiles } from 'motia-runtime'
import type { StoredPet } from '../../src/pets/pet'
import { PetsFolder } from '../../src/store/file/pets-folder'
import { buildPet } from './build-pet'
import type { DataDir } from './data-dir'

/** Pets by their id. */
export type Pets = Record<string, StoredPet>

/** A step of a workload: a change of the pets, or only work on the files. */
export interface Step {
  run: (folder: PetsFolder) => Promise<unknown>
  /** Returns the pets after the step. */
  after: (pets: Pets) => Pets
}

/** Creates the pet, or changes its fields. */
export const set = (id: string, fields: Partial<StoredPet> = {}): Step => ({
  run: (folder) =>
    folder.change((draft) => {
      const before = draft.get(id)
      const after = { ...(before ?? buildPet({ id })), ...fields }
      return { changes: [{ id, before, after }], value: undefined }
    }, 0),
  after: (pets) => ({ ...pets, [id]: { ...(pets[id] ?? buildPet({ id })), ...fields } }),
})

const remove = (id: string): Step => ({
  run: (folder) =>
    folder.change((draft) => {
      const before = draft.get(id)
      return { changes: before ? [{ id, before, after: null }] : [], value: undefined }
    }, 0),
  after: ({ [id]: _, ...pets }) => pets,
})

/** Updates the data file. */
export const update: Step = { run: (folder) => folder.update(), after: (pets) => pets }
const removeJournal: Step = { run: (folder) => folder.removeJournal(), after: (pets) => pets }

/** Every kind of change and of work on the files, in different orders. */
export const WORKLOAD: readonly Step[] = [
  ...[set('1'), set('2'), update, set('1', { ageMonths: 1 }), remove('2'), set('3'), update],
  ...[set('1', { ageMonths: 2 }), set('3', { notes: 'x' }), update, removeJournal, set('4'), update, removeJournal],
]

/** Opens the folder as another server does. */
export const openFolder = (dir: DataDir, calls: FileCalls = nodeFiles): PetsFolder =>
  new PetsFolder(dir.file, calls, () => {})

/** Returns the pets that a server has. */
export const petsIn = (folder: PetsFolder): Pets =>
  Object.fromEntries(
    folder
      .read()
      .list()
      .map((pet) => [pet.id, pet]),
  )

/** Returns the text of the file with the first pet renamed; null if the file does not hold it yet. */
export const edited = (dir: DataDir): string | null => {
  if (!existsSync(dir.file)) return null
  const { pets, ...rest } = dir.json()
  return pets[1] ? JSON.stringify({ ...rest, pets: { ...pets, 1: { ...pets[1], name: 'Edited' } } }) : null
}

/** Saves the data file like an editor that writes a new file beside it and renames that. */
export const saveByRename = (dir: DataDir, text: string): void => {
  writeFileSync(`${dir.path}/4913~`, text)
  renameSync(`${dir.path}/4913~`, dir.file)
}

/** How many runs are under way at a time. Most of the time, each waits for an edit to settle. */
const AT_A_TIME = 10

/**
 * Calls `run` with 1, 2, 3 and so on, until it resolves to false because no call has that number. Resolves to how many
 * there are.
 */
export const atEachCall = async (run: (at: number) => Promise<boolean>): Promise<number> => {
  let next = 1
  let end = Number.POSITIVE_INFINITY
  const work = async () => {
    while (next < end) {
      const at = next++
      if (!(await run(at))) end = Math.min(end, at)
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, work))
  return end - 1
}
