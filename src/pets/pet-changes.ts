import { setImmediate as nextTurn } from 'node:timers/promises'
import { jsonText, keepJsonParts, keepJsonText } from '../runtime/json-text'
import type { CreatePet, UpdatePet } from './payloads'
import {
  FEEDING_INTERVAL_MS,
  type Namespace,
  type Pet,
  PURGE_CLAIM_MS,
  RETENTION_MS,
  type StoredPet,
  WELCOME_NOTES,
} from './pet'

/** Whole months, never below 0: how an age is stored whatever finite number a client sends. */
const wholeMonths = (ageMonths: number): number => Math.max(0, Math.floor(ageMonths))

/** A new pet, still owed its PostCreateLite job. `now` is epoch ms. */
export const newPet = (id: string, input: CreatePet, namespace: Namespace, now: number): StoredPet => ({
  id,
  name: input.name,
  species: input.species,
  ageMonths: wholeMonths(input.ageMonths),
  status: 'new',
  createdAt: now,
  updatedAt: now,
  owedJob: { namespace, enqueuedAt: now },
})

const presented = new WeakMap<StoredPet, Pet>()

/** The pet as the API shows it: without what the store keeps for itself. Made once, since stored pets never change. */
export const presentPet = (stored: StoredPet): Pet => {
  let pet = presented.get(stored)
  if (!pet) {
    const { owedJob: _, purgeClaim: __, ...shown } = stored
    pet = keepJsonText(shown)
    presented.set(stored, pet)
  }
  return pet
}

const presentedLists = new WeakMap<readonly StoredPet[], Pet[]>()

/** The visible pets of a list as the API shows them. Made once for a list, since a store's lists never change. */
export const presentPets = (stored: readonly StoredPet[]): Pet[] => {
  let pets = presentedLists.get(stored)
  if (!pets) {
    pets = keepJsonText(stored.filter(isVisible).map(presentPet), (shown) => `[${shown.map(jsonText).join(',')}]`)
    presentedLists.set(stored, pets)
  }
  return pets
}

/** So many pets, or fewer, are turned into JSON in one go: some 20 ms. */
const PRESENTED_AT_ONCE = 10_000

/** Of a longer list no pet's JSON is remembered: what that saves would be less than what it costs the garbage collector. */
const REMEMBERED_AT_MOST = 200_000

/** How many pets of such a list are turned into JSON in one go: some 4 ms. */
const PASSING_AT_ONCE = 2_000

/** The same as `presentPets`, with pauses for a list so long that it would keep everybody else waiting. */
export const presentList = async (stored: readonly StoredPet[]): Promise<Pet[]> => {
  const known = presentedLists.get(stored)
  if (known || stored.length <= PRESENTED_AT_ONCE) return known ?? presentPets(stored)
  const isPassing = stored.length > REMEMBERED_AT_MOST
  const size = isPassing ? PASSING_AT_ONCE : PRESENTED_AT_ONCE
  const pets: Pet[] = []
  const parts: string[] = []
  for (let start = 0; start < stored.length; start += size) {
    const shown = stored.slice(start, start + size).filter(isVisible)
    const part = isPassing ? shown.map(withoutOwnFields) : presentPets(shown)
    const text = jsonText(part)?.slice(1, -1)
    if (text) parts.push(`${parts.length > 0 ? ',' : '['}${text}`)
    for (const pet of part) pets.push(pet)
    await nextTurn()
  }
  parts.push(parts.length > 0 ? ']' : '[]')
  presentedLists.set(stored, keepJsonParts(pets, parts))
  return pets
}

/** The pet as the API shows it, made for once; the very pet where the store keeps nothing for itself in it. */
const withoutOwnFields = (stored: StoredPet): Pet => {
  if (stored.owedJob === undefined && stored.purgeClaim === undefined) return stored
  const { owedJob: _, purgeClaim: __, ...shown } = stored
  return shown
}

/** Whether readers may see the pet: one that a reaper has claimed is gone. */
export const isVisible = (pet: StoredPet): boolean => pet.purgeClaim === undefined

/** Whether something is still to be done about the pet: its job, or the purge that a reaper has decided on. */
export const isUnfinished = (pet: StoredPet): boolean => pet.owedJob !== undefined || pet.purgeClaim !== undefined

/**
 * The soft-deleted pet; the same object where it already was. A pet that a person marked `deleted` by hand without its
 * times gets them. A job still owed stays owed.
 */
export const softDelete = (pet: StoredPet, now: number): StoredPet => {
  if (pet.status === 'deleted' && typeof pet.purgeAt === 'number') return pet
  const deletedAt = pet.status === 'deleted' ? (pet.deletedAt ?? now) : now
  return { ...pet, status: 'deleted', updatedAt: now, deletedAt, purgeAt: deletedAt + RETENTION_MS }
}

const restore = (pet: StoredPet, namespace: Namespace, now: number): StoredPet => {
  const { deletedAt: _, purgeAt: __, ...kept } = pet
  return { ...kept, owedJob: { namespace, enqueuedAt: now } }
}

/**
 * The pet with the patch applied; the same object where the patch says nothing. A status moves a soft-deleted pet out of
 * the deletion (and owes it a new feeding reminder), `deleted` moves it in.
 */
export const applyUpdate = (pet: StoredPet, patch: UpdatePet, namespace: Namespace, now: number): StoredPet => {
  const { status, ...fields } = patch
  if (status === undefined && Object.values(fields).every((value) => value === undefined)) return pet
  let next: StoredPet = { ...pet, updatedAt: now }
  if (fields.name !== undefined) next.name = fields.name
  if (fields.species !== undefined) next.species = fields.species
  if (fields.ageMonths !== undefined) next.ageMonths = wholeMonths(fields.ageMonths)
  if (status === 'deleted') return softDelete(next, now)
  if (status !== undefined) {
    if (pet.status === 'deleted') next = restore(next, namespace, now)
    next.status = status
  }
  return next
}

/**
 * The pet with its welcome notes and next feeding, and no longer owed the job queued at `enqueuedAt`. Harmless when
 * repeated and in any order: a feeding time only ever moves forward. The same object where nothing changes.
 */
export const finishJob = (pet: StoredPet, enqueuedAt: number, now: number): StoredPet => {
  const nextFeedingAt = Math.max(pet.nextFeedingAt ?? 0, enqueuedAt + FEEDING_INTERVAL_MS)
  const notes = pet.notes ?? WELCOME_NOTES
  const isOwed = pet.owedJob !== undefined && pet.owedJob.enqueuedAt <= enqueuedAt
  if (!isOwed && notes === pet.notes && nextFeedingAt === pet.nextFeedingAt) return pet
  const { owedJob, ...kept } = pet
  return { ...kept, updatedAt: now, notes, nextFeedingAt, ...(isOwed || !owedJob ? {} : { owedJob }) }
}

/** Whether the pet may be purged: soft-deleted, and its retention over. Only stored times count. */
export const isDue = (pet: StoredPet, now: number): boolean =>
  pet.status === 'deleted' && typeof pet.purgeAt === 'number' && pet.purgeAt <= now

/**
 * The pet claimed for purging by one run of a namespace's reaper: a due pet that nobody has claimed, or one whose claim by
 * the same namespace has run out because its run was cut off. The same object otherwise.
 */
export const claimPurge = (pet: StoredPet, namespace: Namespace, now: number): StoredPet => {
  const claim = pet.purgeClaim
  if (!claim) return isDue(pet, now) ? { ...pet, purgeClaim: { namespace, purgedAt: now, claimedAt: now } } : pet
  // A claim from far ahead is one from before the clock was put back: it has run out too.
  const hasRunOut = claim.namespace === namespace && Math.abs(now - claim.claimedAt) >= PURGE_CLAIM_MS
  return hasRunOut ? { ...pet, purgeClaim: { ...claim, claimedAt: now } } : pet
}
