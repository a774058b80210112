import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StoredPet } from '../pets/pet'

/** How many pets are read at a time by what looks at all of them. */
export const PAGE_SIZE = 1_000

/** Returns the pets of a store after one, or all, page by page. Others get their turn in between. */
export async function* pagesOf(
  page: (after: string | null, limit: number) => Promise<readonly StoredPet[]>,
  start: string | null = null,
  size = PAGE_SIZE,
): AsyncGenerator<readonly StoredPet[]> {
  let after = start
  for (;;) {
    const pets = await page(after, size)
    if (pets.length > 0) yield pets
    const last = pets.at(-1)
    if (!last || pets.length < size) return
    after = last.id
    await nextTurn()
  }
}
