import { isDeepStrictEqual } from 'node:util'
import type { StoredPet } from '../../pets/pet'

/** The number of pets in a store, and the next id. */
interface Extent {
  count: number
  seq: number
}

/** A store as one end of a copy. */
export interface CopyEnd {
  /** Its name in messages. */
  readonly name: string
  extent(): Promise<Extent>
  /** Yields every pet, in the order of creation. */
  pages(): AsyncIterable<readonly StoredPet[]>
  /** Prepares for writing. Removes the remains of an interrupted copy. Throws a `CopyError` if there are other pets. */
  begin(): Promise<void>
  write(pets: readonly StoredPet[]): Promise<void>
  /** Called when all pets are written. `seq` is the next id, unless the store has given out a higher one. */
  finish(seq: number): Promise<void>
  /** Called when the copy is right. */
  accept?(): Promise<void>
  /** Called when the copy is wrong. */
  reject?(): Promise<void>
}

/** Thrown if a copy is impossible or failed. The message is for a person. */
export class CopyError extends Error {
  override readonly name = 'CopyError'
}

/** Called with the progress of a copy. */
type CopyProgress = (stage: 'copying' | 'checking', done: number, total: number) => void

/**
 * Copies every pet with the events that it owes, then compares both ends pet by pet. Keeps the ids and their sequence.
 * Throws a `CopyError`.
 */
export const copyPets = async (from: CopyEnd, to: CopyEnd, onProgress: CopyProgress): Promise<Extent> => {
  const before = await from.extent()
  await to.begin()
  let done = 0
  for await (const pets of from.pages()) {
    await to.write(pets)
    done += pets.length
    onProgress('copying', done, before.count)
  }
  await to.finish(before.seq)
  const difference = await findDifference(from, to, onProgress)
  if (difference) {
    await to.reject?.()
    throw new CopyError(`The copy differs: ${difference}. Stop every server that uses either store, and copy again`)
  }
  await to.accept?.()
  return to.extent()
}

const findDifference = async (from: CopyEnd, to: CopyEnd, onProgress: CopyProgress): Promise<string | null> => {
  const [source, target] = [await from.extent(), await to.extent()]
  if (source.count !== target.count) return `${from.name} has ${source.count} pets, ${to.name} has ${target.count}`
  if (source.seq > target.seq) return `the next id is ${source.seq} in ${from.name} and ${target.seq} in ${to.name}`
  const copies = eachOf(to.pages())
  let done = 0
  for await (const pets of from.pages()) {
    for (const pet of pets) {
      const { value: copy } = await copies.next()
      if (!isDeepStrictEqual(pet, copy)) return `pet ${pet.id} is not the same in both`
    }
    done += pets.length
    onProgress('checking', done, source.count)
  }
  const { done: isEnd } = await copies.next()
  return isEnd ? null : `${to.name} has pets that ${from.name} does not have`
}

async function* eachOf(pages: AsyncIterable<readonly StoredPet[]>): AsyncGenerator<StoredPet> {
  for await (const pets of pages) yield* pets
}
