import { join, resolve } from 'node:path'
import { nodeFiles, replaceFile, versionAt, withFileLock, writeFile } from 'motia-runtime'
import type { StoredPet } from '../../pets/pet'
import { PetsFolder } from '../file/pets-folder'
import { PetsText } from '../file/pets-text'
import { pagesOf } from '../pages'
import { type CopyEnd, CopyError } from './copy-pets'

/**
 * Returns the pets of a data folder as one end of a copy. They are written in one piece at the end, so an interrupted
 * copy leaves nothing.
 */
export const fileEnd = (dataDir: string): CopyEnd => {
  const path = join(resolve(dataDir), 'pets.json')
  const folder = new PetsFolder(path, nodeFiles, () => {})
  const copied: StoredPet[] = []
  let version: string | null = null

  const replace = async (pets: readonly StoredPet[], seq: number): Promise<void> => {
    const { extras } = folder.read()
    await withFileLock(`${path}.lock`, async () => {
      const temp = `${path}.tmp`
      nodeFiles.closeSync(await writeFile(nodeFiles, temp, new PetsText().parts({ seq, extras }, pets)))
      const isReplaced = await replaceFile(nodeFiles, path, temp, { version })
      const written = versionAt(nodeFiles, path)
      nodeFiles.rmSync(temp, { force: true })
      if (!isReplaced)
        throw new CopyError(`${path} was changed during the copy. Stop every server that uses it, and copy again`)
      version = written
    })
  }

  return {
    name: path,
    extent: async () => {
      const pets = folder.read()
      return { count: pets.list().length, seq: pets.seq }
    },
    pages: () => pagesOf(async (after, limit) => folder.read().page(after, limit, 'all')),
    begin: async () => {
      if (folder.read().list().length > 0) throw new CopyError(`${path} already has pets, which are not overwritten`)
      await folder.update()
      await folder.removeJournal()
      version = versionAt(nodeFiles, path)
    },
    write: async (pets) => {
      for (const pet of pets) copied.push(pet)
    },
    finish: (seq) => replace(copied, Math.max(seq, folder.read().seq)),
    reject: () => replace([], folder.read().seq),
  }
}
