import type { CreatePet, UpdatePet } from './payloads'
import {
  FEEDING_INTERVAL_MS,
  KEY_LIFETIME_MS,
  type OwedEvent,
  type Pet,
  RETENTION_MS,
  type StoredPet,
  WELCOME_NOTES,
} from './pet'

/** Returns an age for the store: whole months, 0 or more. */
const wholeMonths = (ageMonths: number): number => Math.max(0, Math.floor(ageMonths))

/** Returns a new pet. `now` is epoch ms. */
export const newPet = (id: string, input: CreatePet, now: number): Pet => ({
  id,
  ...input,
  ageMonths: wholeMonths(input.ageMonths),
  status: 'new',
  createdAt: now,
  updatedAt: now,
})

/** Returns the pet as the API shows it, without internal fields. */
export const presentPet = ({ owed: _, purged: __, idempotency: ___, ...shown }: StoredPet): Pet => shown

/** Returns the pet with these events added to those that it owes. */
export const withOwed = (pet: StoredPet, events: readonly OwedEvent[]): StoredPet =>
  events.length === 0 ? pet : { ...pet, owed: [...(pet.owed ?? []), ...events] }

/**
 * Returns the pet without the events of these ids; the same object if it owes none of them, and null if it is purged
 * and owes nothing else.
 */
export const withoutOwed = (pet: StoredPet, ids: ReadonlySet<string>): StoredPet | null => {
  if (!pet.owed?.some(({ id }) => ids.has(id))) return pet
  const { owed, ...kept } = pet
  const rest = owed.filter(({ id }) => !ids.has(id))
  if (rest.length > 0) return { ...kept, owed: rest }
  return kept.purged ? null : kept
}

/** Returns whether a new pet repeats the create of another one: both have the same unexpired `Idempotency-Key`. */
export const isRepeat = (pet: StoredPet, first: StoredPet): boolean =>
  pet.idempotency !== undefined && pet.idempotency.key === first.idempotency?.key && !isKeyOver(first, pet.createdAt)

/** Returns whether the pet was created with an `Idempotency-Key` that has expired. */
export const isKeyOver = (pet: StoredPet, now: number): boolean =>
  pet.idempotency !== undefined && now - pet.createdAt >= KEY_LIFETIME_MS

/** Returns the pet without its `Idempotency-Key` if that has expired; otherwise the same object. */
export const withoutOldKey = (pet: StoredPet, now: number): StoredPet => {
  if (!isKeyOver(pet, now)) return pet
  const { idempotency: _, ...kept } = pet
  return kept
}

/** Returns whether readers see the pet: they do not see purged ones. */
export const isVisible = (pet: StoredPet): boolean => pet.purged === undefined

/**
 * Returns the soft-deleted pet; the same object if it already was. Adds times that are missing after an edit by hand.
 */
export const softDelete = (pet: StoredPet, now: number): StoredPet => {
  if (pet.status === 'deleted' && typeof pet.purgeAt === 'number') return pet
  const deletedAt = pet.status === 'deleted' ? (pet.deletedAt ?? now) : now
  return { ...pet, status: 'deleted', updatedAt: now, deletedAt, purgeAt: deletedAt + RETENTION_MS }
}

/**
 * Returns the pet with the patch applied; the same object if the patch is empty. The status `deleted` soft-deletes the
 * pet. Any other status restores a soft-deleted one.
 */
export const applyUpdate = (pet: StoredPet, patch: UpdatePet, now: number): StoredPet => {
  const { status, ...fields } = patch
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  if (status === undefined && Object.keys(given).length === 0) return pet
  const changed: StoredPet = { ...pet, ...given, updatedAt: now }
  if (fields.ageMonths !== undefined) changed.ageMonths = wholeMonths(fields.ageMonths)
  if (status === 'deleted') return softDelete(changed, now)
  if (status === undefined) return changed
  if (pet.status !== 'deleted') return { ...changed, status }
  const { deletedAt: _, purgeAt: __, ...restored } = changed
  return { ...restored, status }
}

/**
 * Returns the pet with its welcome notes and the feeding time of a reminder queued at `enqueuedAt`; the same object if
 * nothing changes. Reminders may be repeated and in any order, because the feeding time only moves forward.
 */
export const setFeedingReminder = (pet: StoredPet, enqueuedAt: number, now: number): StoredPet => {
  const nextFeedingAt = Math.max(pet.nextFeedingAt ?? 0, enqueuedAt + FEEDING_INTERVAL_MS)
  const notes = pet.notes ?? WELCOME_NOTES
  if (notes === pet.notes && nextFeedingAt === pet.nextFeedingAt) return pet
  return { ...pet, updatedAt: now, notes, nextFeedingAt }
}

/** Returns whether the pet may be purged: it is soft-deleted, and its stored `purgeAt` has passed. */
export const isDue = (pet: StoredPet, now: number): boolean =>
  isVisible(pet) && pet.status === 'deleted' && typeof pet.purgeAt === 'number' && pet.purgeAt <= now
