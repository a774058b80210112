import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { DAY_MS, PURGE_CLAIM_MS, STATUSES, type StoredPet, WELCOME_NOTES } from '../../src/pets/pet'
import {
  applyUpdate,
  claimPurge,
  finishJob,
  isDue,
  isVisible,
  newPet,
  presentList,
  presentPet,
  presentPets,
  softDelete,
} from '../../src/pets/pet-changes'
import { jsonText } from '../../src/runtime/json-text'
import { buildPet } from '../store/build-pet'

const CREATED = Date.UTC(2022, 0, 1)
const NOON = Date.UTC(2022, 0, 1, 12)
const NEXT_NOON = NOON + DAY_MS
const PURGE = NOON + 30 * DAY_MS

const rex = buildPet({ id: '1', name: 'Rex', createdAt: CREATED, updatedAt: CREATED })
const deletedRex = buildPet({ ...rex, status: 'deleted', updatedAt: NOON, deletedAt: NOON, purgeAt: PURGE })

describe('a new pet', () => {
  test('has what was said of it, the time, and the job that its namespace owes it', () => {
    expect(newPet('7', { name: 'Rex', species: 'cat', ageMonths: 3.9 }, 'ts', NOON)).toEqual({
      ...{ id: '7', name: 'Rex', species: 'cat', ageMonths: 3, status: 'new', createdAt: NOON, updatedAt: NOON },
      owedJob: { namespace: 'ts', enqueuedAt: NOON },
    })
  })

  test.each([
    [12, 12],
    [11.999, 11],
    [-0, 0],
    [-0.1, 0],
    [-1e300, 0],
    [1e300, 1e300],
  ])('of %d months is %d months old', (ageMonths, stored) => {
    const pet = newPet('1', { name: 'Rex', species: 'dog', ageMonths }, 'js', NOON)
    expect(Object.is(pet.ageMonths, stored)).toBe(true)
  })
})

describe('a pet shown', () => {
  test('is the pet without its owed job and its purge claim, and with what a person added', () => {
    const shown = presentPet({
      ...{ ...rex, colour: 'red', owedJob: { namespace: 'js', enqueuedAt: NOON } },
      purgeClaim: { namespace: 'js', purgedAt: NOON, claimedAt: NOON },
    })
    expect(shown).toEqual({ ...rex, colour: 'red' })
    expect(JSON.parse(JSON.stringify(shown))).toEqual({ ...rex, colour: 'red' })
  })

  test('leaves the stored pet as it is', () => {
    const stored = { ...rex, owedJob: { namespace: 'js' as const, enqueuedAt: NOON } }
    presentPet(stored)
    expect(Object.keys(stored)).toContain('owedJob')
  })

  test('in a list is there unless a reaper has claimed it', () => {
    const claimed = { ...deletedRex, purgeClaim: { namespace: 'py' as const, purgedAt: PURGE, claimedAt: PURGE } }
    expect(isVisible(claimed)).toBe(false)
    expect(isVisible(deletedRex)).toBe(true)
    expect(presentPets([rex, claimed, deletedRex])).toEqual([rex, deletedRex])
  })

  test.each([0, 1, 10_001, 200_001])('in a list of %i looks the same however long that is', async (length) => {
    const owedJob = { namespace: 'js' as const, enqueuedAt: NOON }
    const purgeClaim = { namespace: 'py' as const, purgedAt: PURGE, claimedAt: PURGE }
    const stored = Array.from({ length }, (_, index): StoredPet => {
      const pet = { ...rex, id: String(index + 1) }
      return index % 3 === 0 ? { ...pet, owedJob } : index % 5 === 4 ? { ...pet, purgeClaim } : pet
    })
    const expected = stored.filter(isVisible).map(({ owedJob: _, ...pet }) => pet)
    const shown = await presentList(stored)
    expect(isDeepStrictEqual([...shown], expected)).toBe(true)
    expect(jsonText(shown)).toBe(JSON.stringify(expected))
    expect(await presentList(stored)).toBe(shown)
  })
})

describe('a soft delete', () => {
  test.each(STATUSES.filter((status) => status !== 'deleted'))(
    'of a pet that is %s sets both times, 30 days apart',
    (status) => {
      expect(softDelete({ ...rex, status }, NOON)).toEqual(deletedRex)
    },
  )

  test('keeps notes, next feeding and the job that is still owed', () => {
    const kept = {
      notes: 'Likes rain',
      nextFeedingAt: NOON,
      owedJob: { namespace: 'js' as const, enqueuedAt: CREATED },
    }
    expect(softDelete({ ...rex, ...kept }, NOON)).toEqual({ ...deletedRex, ...kept })
  })

  test('of a soft-deleted pet changes nothing', () => {
    expect(softDelete(deletedRex, NEXT_NOON)).toBe(deletedRex)
  })

  test.each([
    ['without its times', { deletedAt: undefined, purgeAt: undefined }, NEXT_NOON],
    ['with null for its times', { deletedAt: null, purgeAt: null }, NEXT_NOON],
    ['with deletedAt only', { deletedAt: NOON, purgeAt: null }, NOON],
  ])('of a pet marked deleted by hand %s completes them', (_, times, deletedAt) => {
    const pet = softDelete({ ...deletedRex, ...times }, NEXT_NOON)
    expect(pet).toMatchObject({ status: 'deleted', deletedAt, purgeAt: deletedAt + 30 * DAY_MS })
  })
})

describe('an update', () => {
  test.each([{}, { name: undefined, status: undefined }])('by %j gives the very same pet', (patch) => {
    expect(applyUpdate(rex, patch, 'js', NOON)).toBe(rex)
    expect(applyUpdate(deletedRex, patch, 'js', NOON)).toBe(deletedRex)
  })

  test.each([
    [{ name: 'Max' }, { name: 'Max' }],
    [{ species: 'bird' as const }, { species: 'bird' as const }],
    [{ ageMonths: -0.5 }, { ageMonths: 0 }],
    [{ status: 'pending' as const }, { status: 'pending' as const }],
    [{ name: 'Rex' }, {}],
  ])('by %j changes that and updatedAt', (patch, changed) => {
    expect(applyUpdate(rex, patch, 'js', NOON)).toEqual({ ...rex, ...changed, updatedAt: NOON })
  })

  test('to deleted is a soft delete, with the other fields applied', () => {
    expect(applyUpdate(rex, { status: 'deleted', name: 'Max' }, 'js', NOON)).toEqual({ ...deletedRex, name: 'Max' })
  })

  test('to deleted of a soft-deleted pet keeps its times', () => {
    const pet = applyUpdate(deletedRex, { status: 'deleted' }, 'js', NEXT_NOON)
    expect(pet).toEqual({ ...deletedRex, updatedAt: NEXT_NOON })
  })

  test.each(STATUSES.filter((status) => status !== 'deleted'))(
    'of a soft-deleted pet to %s takes both times away and owes it its reminder, from the namespace that restores',
    (status) => {
      const owedJob = { namespace: 'js', enqueuedAt: CREATED } as const
      expect(applyUpdate({ ...deletedRex, owedJob }, { status }, 'py', NEXT_NOON)).toEqual({
        ...{ ...rex, status, updatedAt: NEXT_NOON },
        owedJob: { namespace: 'py', enqueuedAt: NEXT_NOON },
      })
    },
  )

  test('of a pet that is not deleted owes it nothing new', () => {
    const owedJob = { namespace: 'js', enqueuedAt: CREATED } as const
    expect(applyUpdate({ ...rex, owedJob }, { status: 'adopted' }, 'py', NOON).owedJob).toEqual(owedJob)
    expect(applyUpdate(rex, { status: 'adopted' }, 'py', NOON).owedJob).toBeUndefined()
  })
})

describe('a job done', () => {
  const owed = { ...rex, owedJob: { namespace: 'js' as const, enqueuedAt: CREATED } }
  const done = { ...rex, updatedAt: NOON, notes: WELCOME_NOTES, nextFeedingAt: CREATED + DAY_MS }

  test('writes the notes and the feeding 24 h after it was queued, and is owed no more', () => {
    expect(finishJob(owed, CREATED, NOON)).toEqual(done)
  })

  test('twice gives the very same pet', () => {
    const once = finishJob(owed, CREATED, NOON)
    expect(finishJob(once, CREATED, NEXT_NOON)).toBe(once)
  })

  test('late does not take back a later feeding, nor pay what a restore owes', () => {
    const restored = { ...done, nextFeedingAt: NEXT_NOON, owedJob: { namespace: 'js' as const, enqueuedAt: NOON } }
    expect(finishJob(restored, CREATED, NEXT_NOON)).toBe(restored)
  })

  test('in any order gives the same notes, feeding and nothing owed', () => {
    const restored = { ...rex, owedJob: { namespace: 'js' as const, enqueuedAt: NOON } }
    const forwards = finishJob(finishJob(restored, CREATED, NEXT_NOON), NOON, NEXT_NOON)
    const backwards = finishJob(finishJob(restored, NOON, NEXT_NOON), CREATED, NEXT_NOON)
    expect(forwards).toEqual({ ...done, updatedAt: NEXT_NOON, nextFeedingAt: NOON + DAY_MS })
    expect(backwards).toEqual(forwards)
  })

  test('keeps notes that are there already', () => {
    expect(finishJob({ ...owed, notes: 'Likes rain' }, CREATED, NOON).notes).toBe('Likes rain')
  })
})

describe('a purge', () => {
  test.each([
    ['one ms before its time', deletedRex, PURGE - 1, false],
    ['at its time', deletedRex, PURGE, true],
    ['long after', deletedRex, PURGE + 1000 * DAY_MS, true],
    ['long before, as when the clock was put back', deletedRex, 0, false],
    ['when restored', { ...deletedRex, status: 'new' as const }, PURGE, false],
    ['without a time', { ...deletedRex, purgeAt: null }, PURGE, false],
    ['without deletedAt', { ...deletedRex, deletedAt: null }, PURGE, true],
  ])('%s is due or not', (_, pet, now, due) => {
    expect(isDue(pet, now)).toBe(due)
    expect(claimPurge(pet, 'js', now) !== pet).toBe(due)
  })

  test('is claimed with the time of the decision', () => {
    expect(claimPurge(deletedRex, 'ts', PURGE)).toEqual({
      ...deletedRex,
      purgeClaim: { namespace: 'ts', purgedAt: PURGE, claimedAt: PURGE },
    })
  })

  test('that another namespace has claimed is left to it for good', () => {
    const claimed = claimPurge(deletedRex, 'ts', PURGE)
    expect(claimPurge(claimed, 'js', PURGE + 1000 * DAY_MS)).toBe(claimed)
  })

  test("is taken over once its run's time is over, with the decision's own time", () => {
    const claimed = claimPurge(deletedRex, 'ts', PURGE)
    expect(claimPurge(claimed, 'ts', PURGE + PURGE_CLAIM_MS - 1)).toBe(claimed)
    const takenOver = claimPurge(claimed, 'ts', PURGE + PURGE_CLAIM_MS)
    expect(takenOver.purgeClaim).toEqual({ namespace: 'ts', purgedAt: PURGE, claimedAt: PURGE + PURGE_CLAIM_MS })
  })

  test('that was claimed before the clock was put back is taken over too', () => {
    const claimed = claimPurge(deletedRex, 'ts', PURGE)
    expect(claimPurge(claimed, 'ts', NOON)).not.toBe(claimed)
    expect(claimPurge(claimed, 'ts', PURGE - 1)).toBe(claimed)
  })
})

test('none of the changes touches the pet it is given', () => {
  const frozen = Object.freeze({ ...deletedRex, owedJob: Object.freeze({ namespace: 'js' as const, enqueuedAt: 1 }) })
  presentPet(frozen)
  softDelete(frozen, NOON)
  applyUpdate(frozen, { name: 'Max', status: 'new' }, 'js', NOON)
  finishJob(frozen, CREATED, NOON)
  claimPurge(frozen, 'js', PURGE)
  expect(frozen).toEqual({ ...deletedRex, owedJob: { namespace: 'js', enqueuedAt: 1 } })
})
