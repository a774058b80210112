import type { StoredPet } from '../pets/pet'
import { isDue, isKeyOver, isVisible, withoutOldKey } from '../pets/pet-changes'
import { pagesOf } from '../store/pages'
import { JOB_PATIENCE_MS, type PetStore } from '../store/store'

/** How many errors of a run to return. */
const ERRORS_KEPT = 5

/** The result of a reaper's run. */
export interface Reaping {
  counts: { totalScanned: number; purgedCount: number; failedCount: number }
  errors: unknown[]
}

/**
 * Scans every pet of a store and calls `purge` for each one whose retention is over. `purge` returns whether it removed
 * the pet. If it throws, the pet counts as failed. Returns the counts and the first errors. Also removes expired
 * `Idempotency-Key`s. `now` returns epoch ms.
 */
export const reap = async (
  store: PetStore,
  now: () => number,
  purge: (id: string) => Promise<boolean>,
): Promise<Reaping> => {
  const counts = { totalScanned: 0, purgedCount: 0, failedCount: 0 }
  const errors: unknown[] = []
  for await (const page of pagesOf((after, limit) => store.page(after, limit))) {
    // Do not count a purged pet that is only kept until its event is sent.
    counts.totalScanned += page.filter(isVisible).length
    const scannedAt = now()
    await forgetKeys(store, page, scannedAt)
    const due = page.filter((pet) => isDue(pet, scannedAt))
    for (const outcome of await Promise.allSettled(due.map(({ id }) => purge(id)))) {
      if (outcome.status === 'fulfilled') counts.purgedCount += outcome.value ? 1 : 0
      else {
        counts.failedCount += 1
        if (errors.length < ERRORS_KEPT) errors.push(outcome.reason)
      }
    }
  }
  return { counts, errors }
}

/** Removes the `Idempotency-Key`s that have expired. If that fails, the next run does it. */
const forgetKeys = async (store: PetStore, pets: readonly StoredPet[], now: number): Promise<void> => {
  const ids = pets.flatMap((pet) => (isKeyOver(pet, now) ? pet.id : []))
  if (ids.length === 0) return
  await store.updateMany(ids, (pet) => withoutOldKey(pet, now), JOB_PATIENCE_MS).catch(() => {})
}
