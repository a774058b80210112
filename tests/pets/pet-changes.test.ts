import { describe, expect, test } from 'vitest'
import { DAY_MS, type OwedEvent, STATUSES, WELCOME_NOTES } from '../../src/pets/pet'
import {
  applyUpdate,
  isDue,
  isVisible,
  newPet,
  presentPet,
  setFeedingReminder,
  softDelete,
  withOwed,
  withoutOwed,
} from '../../src/pets/pet-changes'
import { buildCreate, buildPet } from '../store/build-pet'

const CREATED = Date.UTC(2022, 0, 1)
const NOON = Date.UTC(2022, 0, 1, 12)
const NEXT_NOON = NOON + DAY_MS
const PURGE = NOON + 30 * DAY_MS

const rex = buildPet({ id: '1', name: 'Rex', createdAt: CREATED, updatedAt: CREATED })
const deletedRex = buildPet({ ...rex, status: 'deleted', updatedAt: NOON, deletedAt: NOON, purgeAt: PURGE })

const owedEvent = (id: string): OwedEvent => ({ id, topic: 'js.pet.created', data: { petId: '1' } })

describe('newPet', () => {
  test('When a pet is new, then it has the fields of its request, the time and the status new', () => {
    const input = buildCreate({ name: 'Rex', species: 'cat', ageMonths: 3 })
    expect(newPet('7', input, NOON)).toEqual({ id: '7', ...input, status: 'new', createdAt: NOON, updatedAt: NOON })
  })

  test.each([
    [12, 12],
    [11.999, 11],
    [-0, 0],
    [-0.1, 0],
    [-1e300, 0],
    [1e300, 1e300],
  ])('When the age is %d months, then %d whole months are stored', (ageMonths, stored) => {
    const pet = newPet('1', buildCreate({ ageMonths }), NOON)
    expect(Object.is(pet.ageMonths, stored)).toBe(true)
  })
})

describe('presentPet', () => {
  test('When a pet is shown, then the internal fields of the store are left out, and fields added by hand are not', () => {
    const stored = { ...rex, extra: 'x', owed: [owedEvent('e1')], purged: true as const }
    expect(Object.entries(presentPet(stored))).toEqual(Object.entries({ ...rex, extra: 'x' }))
  })
})

describe('isVisible', () => {
  test('When a pet is purged, then it is not visible; when it is only soft-deleted, it is', () => {
    expect(isVisible({ ...deletedRex, purged: true })).toBe(false)
    expect(isVisible(deletedRex)).toBe(true)
    expect(isVisible({ ...rex, owed: [owedEvent('e1')] })).toBe(true)
  })
})

describe('withOwed', () => {
  test('When events are added, then they come after those that the pet already owes', () => {
    const once = withOwed(rex, [owedEvent('e1')])
    expect(once).toEqual({ ...rex, owed: [owedEvent('e1')] })
    expect(withOwed(once, [owedEvent('e2'), owedEvent('e3')]).owed?.map(({ id }) => id)).toEqual(['e1', 'e2', 'e3'])
  })

  test('When no event is added, then the result is the same object', () => {
    expect(withOwed(rex, [])).toBe(rex)
  })
})

describe('withoutOwed', () => {
  const owing = { ...rex, owed: [owedEvent('e1'), owedEvent('e2'), owedEvent('e3')] }

  test('When some of the events are settled, then the others stay in their order', () => {
    expect(withoutOwed(owing, new Set(['e2', 'other']))).toEqual({ ...rex, owed: [owedEvent('e1'), owedEvent('e3')] })
  })

  test('When the last event is settled, then the pet is exactly the pet again', () => {
    expect(Object.keys(withoutOwed(owing, new Set(['e1', 'e2', 'e3'])) ?? {})).toEqual(Object.keys(rex))
  })

  test('When none of the events is settled, then the result is the same object', () => {
    expect(withoutOwed(owing, new Set(['other']))).toBe(owing)
    expect(withoutOwed(rex, new Set(['e1']))).toBe(rex)
  })

  test('When the last event of a purged pet is settled, then nothing of the pet is left', () => {
    const purged = { ...deletedRex, purged: true as const, owed: [owedEvent('e1'), owedEvent('e2')] }
    expect(withoutOwed(purged, new Set(['e1']))).toEqual({ ...purged, owed: [owedEvent('e2')] })
    expect(withoutOwed(purged, new Set(['e1', 'e2']))).toBeNull()
    expect(withoutOwed(purged, new Set(['other']))).toBe(purged)
  })
})

describe('softDelete', () => {
  test.each(STATUSES.filter((status) => status !== 'deleted'))(
    'When the pet is %s, then both times are set, 30 days apart',
    (status) => {
      expect(softDelete({ ...rex, status }, NOON)).toEqual(deletedRex)
    },
  )

  test('When the pet has notes, a next feeding and events that it owes, then they stay', () => {
    const kept = { notes: 'Likes rain', nextFeedingAt: NOON, owed: [owedEvent('e1')] }
    expect(softDelete({ ...rex, ...kept }, NOON)).toEqual({ ...deletedRex, ...kept })
  })

  test('When the pet is soft-deleted already, then the result is the same object', () => {
    expect(softDelete(deletedRex, NEXT_NOON)).toBe(deletedRex)
  })

  test.each([
    ['without its times', { deletedAt: undefined, purgeAt: undefined }, NEXT_NOON],
    ['with null for its times', { deletedAt: null, purgeAt: null }, NEXT_NOON],
    ['with deletedAt only', { deletedAt: NOON, purgeAt: null }, NOON],
  ])('When a person has marked the pet deleted %s, then they are completed', (_, times, deletedAt) => {
    const pet = softDelete({ ...deletedRex, ...times }, NEXT_NOON)
    expect(pet).toMatchObject({ status: 'deleted', deletedAt, purgeAt: deletedAt + 30 * DAY_MS })
  })
})

describe('applyUpdate', () => {
  test.each([{}, { name: undefined, status: undefined }])(
    'When the patch is %j, then the result is the same object',
    (patch) => {
      expect(applyUpdate(rex, patch, NOON)).toBe(rex)
      expect(applyUpdate(deletedRex, patch, NOON)).toBe(deletedRex)
    },
  )

  test.each([
    [{ name: 'Max' }, { name: 'Max' }],
    [{ species: 'bird' as const }, { species: 'bird' as const }],
    [{ ageMonths: -0.5 }, { ageMonths: 0 }],
    [{ status: 'pending' as const }, { status: 'pending' as const }],
    [{ name: 'Max', ageMonths: undefined }, { name: 'Max' }],
    [{ name: 'Rex' }, {}],
  ])('When the patch is %j, then %j and updatedAt change', (patch, changed) => {
    expect(applyUpdate(rex, patch, NOON)).toEqual({ ...rex, ...changed, updatedAt: NOON })
  })

  test('When the status becomes deleted, then the pet is soft-deleted with the other fields applied', () => {
    expect(applyUpdate(rex, { status: 'deleted', name: 'Max' }, NOON)).toEqual({ ...deletedRex, name: 'Max' })
  })

  test('When the status of a soft-deleted pet becomes deleted, then its times stay', () => {
    const pet = applyUpdate(deletedRex, { status: 'deleted' }, NEXT_NOON)
    expect(pet).toEqual({ ...deletedRex, updatedAt: NEXT_NOON })
  })

  test.each(STATUSES.filter((status) => status !== 'deleted'))(
    'When a soft-deleted pet becomes %s, then both times are removed, and the events that it owes stay',
    (status) => {
      const owed = [owedEvent('e1')]
      const restored = applyUpdate({ ...deletedRex, owed }, { status }, NEXT_NOON)
      expect(restored).toEqual({ ...rex, status, updatedAt: NEXT_NOON, owed })
      expect(Object.keys(restored)).not.toContain('purgeAt')
    },
  )
})

describe('setFeedingReminder', () => {
  const done = { ...rex, updatedAt: NOON, notes: WELCOME_NOTES, nextFeedingAt: CREATED + DAY_MS }

  test('When the job runs, then it writes the notes and a feeding 24 h after it was queued', () => {
    expect(setFeedingReminder(rex, CREATED, NOON)).toEqual(done)
  })

  test('When the job runs twice, then the second time returns the same object', () => {
    const once = setFeedingReminder(rex, CREATED, NOON)
    expect(setFeedingReminder(once, CREATED, NEXT_NOON)).toBe(once)
  })

  test('When a job from before a restore runs late, then the later feeding stays', () => {
    const restored = { ...done, nextFeedingAt: NEXT_NOON + DAY_MS }
    expect(setFeedingReminder(restored, CREATED, NEXT_NOON)).toBe(restored)
  })

  test('When the jobs of a creation and a restore run in either order, then the result is the same', () => {
    const forwards = setFeedingReminder(setFeedingReminder(rex, CREATED, NEXT_NOON), NOON, NEXT_NOON)
    const backwards = setFeedingReminder(setFeedingReminder(rex, NOON, NEXT_NOON), CREATED, NEXT_NOON)
    expect(forwards).toEqual({ ...done, updatedAt: NEXT_NOON, nextFeedingAt: NOON + DAY_MS })
    expect(backwards).toEqual(forwards)
  })

  test('When the pet already has notes, then they stay', () => {
    expect(setFeedingReminder({ ...rex, notes: 'Likes rain' }, CREATED, NOON).notes).toBe('Likes rain')
  })
})

describe('isDue', () => {
  test.each([
    ['When purgeAt is one ms away, then the pet is not due', deletedRex, PURGE - 1, false],
    ['When purgeAt has just been reached, then it is due', deletedRex, PURGE, true],
    ['When purgeAt is long past, then it is due', deletedRex, PURGE + 1_000 * DAY_MS, true],
    ['When the clock was set back, then it is not due', deletedRex, 0, false],
    ['When it was restored, then it is not due', { ...deletedRex, status: 'new' as const }, PURGE, false],
    ['When it has no purgeAt, then it is not due', { ...deletedRex, purgeAt: null }, PURGE, false],
    ['When it has no deletedAt, then it is still due', { ...deletedRex, deletedAt: null }, PURGE, true],
    ['When it is already purged, then it is not due', { ...deletedRex, purged: true as const }, PURGE, false],
  ])('%s', (_, pet, now, due) => {
    expect(isDue(pet, now)).toBe(due)
  })
})

test('When a pet is frozen, as the stores return it, then every change leaves it as it is', () => {
  const frozen = Object.freeze({ ...deletedRex, owed: [Object.freeze(owedEvent('e1'))] })
  Object.freeze(frozen.owed)
  presentPet(frozen)
  withOwed(frozen, [owedEvent('e2')])
  withoutOwed(frozen, new Set(['e1']))
  softDelete({ ...frozen, status: 'new' }, NOON)
  softDelete(frozen, NOON)
  applyUpdate(frozen, { name: 'Max', status: 'new' }, NOON)
  setFeedingReminder(frozen, CREATED, NOON)
  expect(frozen).toEqual({ ...deletedRex, owed: [owedEvent('e1')] })
})
