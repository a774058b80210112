import { join, resolve } from 'node:path'
import type { StoredPet } from '../../pets/pet'
import { withFileLock } from '../file/file-lock'
import { blockNumberOf, PetsBlock } from '../file/pets-block'
import { PetsDocument } from '../file/pets-document'
import { PetsFile } from '../file/pets-file'
import { type CopyEnd, CopyError, pagesOf } from './copy-pets'

/** The data file of a folder as one end of a copy. It is written in one piece at the end, so a cut leaves nothing. */
export const fileEnd = (dataDir: string): CopyEnd => {
  const path = join(resolve(dataDir), 'pets.json')
  const file = new PetsFile(path)
  const groups = new Map<number, Map<string, StoredPet>>()
  let before = PetsDocument.empty

  const replace = (next: PetsDocument): Promise<void> =>
    withFileLock(`${path}.lock`, async () => {
      file.read()
      if (!(await file.replace(next))) throw new CopyError(`${path} was changed while the copy was under way`)
    })

  return {
    name: path,
    extent: async () => {
      const { blocks, seq } = file.read()
      return { count: [...blocks.values()].reduce((sum, { pets }) => sum + pets.size, 0), seq }
    },
    pages: () => pagesOf(async (after, limit) => file.read().page(after ?? '0', limit, () => true)),
    begin: async () => {
      before = file.read()
      if (before.blocks.size > 0) throw new CopyError(`${path} already holds pets: nothing is overwritten`)
    },
    write: async (pets) => {
      for (const pet of pets) {
        const number = blockNumberOf(pet.id)
        const group = groups.get(number) ?? new Map<string, StoredPet>()
        groups.set(number, group.set(pet.id, pet))
      }
    },
    finish: async (seq) => {
      const blocks = new Map(Array.from(groups, ([number, pets]) => [number, new PetsBlock(pets)]))
      if (file.read() !== before) throw new CopyError(`${path} was changed while the copy was under way`)
      await replace(new PetsDocument(Math.max(seq, before.seq), blocks, before.extras))
    },
    accept: async () => {},
    reject: () => replace(before),
  }
}
