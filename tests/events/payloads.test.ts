import { describe, expect, test } from 'vitest'
import { jobEnqueuedSchema, petCreated, petPurged, petSoftDeleted } from '../../src/events/payloads'
import { buildPet } from '../store/build-pet'

const CREATED = Date.UTC(2022, 0, 1)
const DELETED = Date.UTC(2022, 0, 2)
const PURGE = Date.UTC(2022, 1, 1)
const NIGHT = Date.UTC(2022, 1, 1, 2)

const deletedRex = buildPet({ id: '1', name: 'Rex', status: 'deleted', deletedAt: DELETED, purgeAt: PURGE })
const claimedRex = { ...deletedRex, purgeClaim: { namespace: 'js' as const, purgedAt: NIGHT, claimedAt: NIGHT + 1 } }

describe('the payload', () => {
  test('of a creation', () => {
    expect(petCreated(buildPet({ id: '1', name: 'Rex', species: 'cat', createdAt: CREATED, notes: 'x' }))).toEqual({
      ...{ petId: '1', name: 'Rex', species: 'cat', createdAt: CREATED },
    })
  })

  test('of a soft delete', () => {
    expect(petSoftDeleted(deletedRex)).toEqual({ petId: '1', name: 'Rex', deletedAt: DELETED, purgeAt: PURGE })
  })

  test('of a soft delete cannot be made of a pet that is none', () => {
    expect(() => petSoftDeleted(buildPet({ id: '1' }))).toThrow(expect.objectContaining({ name: 'ZodError' }))
    expect(() => petSoftDeleted({ ...deletedRex, purgeAt: null })).toThrow()
  })

  test('of a purge has the time when it was decided, not when it was taken over', () => {
    expect(petPurged(claimedRex)).toEqual({
      ...{ petId: '1', name: 'Rex', deletedAt: DELETED, purgeAt: PURGE, purgedAt: NIGHT },
    })
  })

  test.each([undefined, null])('of a purge takes purgeAt where a person left out deletedAt (%s)', (deletedAt) => {
    expect(petPurged({ ...claimedRex, deletedAt })).toMatchObject({ deletedAt: PURGE, purgeAt: PURGE })
  })

  test('of a purge cannot be made of a pet that no reaper has claimed', () => {
    expect(() => petPurged(deletedRex)).toThrow(expect.objectContaining({ name: 'ZodError' }))
  })
})

test.each([
  [{ petId: '1', enqueuedAt: CREATED }, true],
  [{ petId: '1' }, false],
  [{ petId: '1', enqueuedAt: 0 }, true],
  [{ petId: '1', enqueuedAt: -1 }, false],
  [{ petId: '1', enqueuedAt: 1e300 }, false],
  [{ petId: 1, enqueuedAt: CREATED }, false],
  [{ petId: '1', enqueuedAt: '2022' }, false],
  [{ petId: '1', enqueuedAt: CREATED, name: 'Rex' }, false],
  [null, false],
])('of job messages %j is valid or not: %s', (data, valid) => {
  expect(jobEnqueuedSchema.safeParse(data).success).toBe(valid)
})
