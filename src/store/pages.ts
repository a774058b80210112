import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StoredPet } from '../pets/pet'

/** How many pets to read at a time in a scan of all pets. */
export const PAGE_SIZE = 1_000

/** Yields all pets of a store, or those after one, page by page, without blocking the event loop. */
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
