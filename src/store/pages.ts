import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StoredPet } from '../pets/pet'

/** How many pets are read at a time by what looks at all of them. */
export const PAGE_SIZE = 1_000

/** Returns all pets of a store page by page, in the order of creation. Others get their turn in between. */
export async function* pagesOf(
  page: (after: string | null, limit: number) => Promise<readonly StoredPet[]>,
): AsyncGenerator<readonly StoredPet[]> {
  let after: string | null = null
  for (;;) {
    const pets: readonly StoredPet[] = await page(after, PAGE_SIZE)
    if (pets.length > 0) yield pets
    const last = pets.at(-1)
    if (!last || pets.length < PAGE_SIZE) return
    after = last.id
    await nextTurn()
  }
}
