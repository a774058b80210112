import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  jobCompleted,
  jobEnqueuedSchema,
  payloads,
  petCreated,
  petPurged,
  petSoftDeleted,
  reaperCompleted,
  topics,
} from '../../src/events/payloads'
import { NAMESPACES } from '../../src/pets/pet'
import { buildPet } from '../store/build-pet'
import { auditedEvents } from './build-event'

const CREATED = Date.UTC(2022, 0, 1)
const DELETED = Date.UTC(2022, 0, 2)
const PURGE = Date.UTC(2022, 1, 1)
const NIGHT = Date.UTC(2022, 1, 1, 2)

const deletedRex = buildPet({ id: '1', name: 'Rex', status: 'deleted', deletedAt: DELETED, purgeAt: PURGE })

afterEach(() => {
  vi.useRealTimers()
})

describe('what is sent', () => {
  test('When a pet was created, then the payload describes it with the fields of the specification only', () => {
    const pet = buildPet({ id: '1', name: 'Rex', species: 'cat', createdAt: CREATED, notes: 'x' })
    expect(petCreated(pet)).toEqual({
      ...{ type: 'pet.created', petId: '1', name: 'Rex', species: 'cat', createdAt: CREATED },
    })
  })

  test('When a job is done, then the payload contains the time and how long the handler took', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: NIGHT })
    expect(jobCompleted('1', CREATED, NIGHT - 50)).toEqual({
      ...{ type: 'job.postcreate.completed', petId: '1' },
      ...{ enqueuedAt: CREATED, completedAt: NIGHT, processingTimeMs: 50 },
    })
  })

  test('When a pet was soft-deleted, then the payload contains both its times', () => {
    expect(petSoftDeleted(deletedRex)).toEqual({
      ...{ type: 'pet.soft.deleted', petId: '1', name: 'Rex', deletedAt: DELETED, purgeAt: PURGE },
    })
  })

  test('When a pet is not soft-deleted, then it has no payload of a soft delete', () => {
    expect(() => petSoftDeleted(buildPet({ id: '1' }))).toThrow(expect.objectContaining({ name: 'ZodError' }))
    expect(() => petSoftDeleted({ ...deletedRex, purgeAt: null })).toThrow()
  })

  test('When a pet was purged, then the payload contains the time', () => {
    expect(petPurged(deletedRex, NIGHT)).toEqual({
      ...{ type: 'pet.purged', petId: '1', name: 'Rex', deletedAt: DELETED, purgeAt: PURGE, purgedAt: NIGHT },
    })
  })

  test.each([undefined, null])(
    'When a person has left deletedAt out (%s), then purgeAt is used instead',
    (deletedAt) => {
      expect(petPurged({ ...deletedRex, deletedAt }, NIGHT)).toMatchObject({ deletedAt: PURGE, purgeAt: PURGE })
    },
  )

  test('When a pet has no purgeAt, then it has no payload of a purge', () => {
    expect(() => petPurged(buildPet({ id: '1' }), NIGHT)).toThrow(expect.objectContaining({ name: 'ZodError' }))
  })

  test('When a run of the reaper is over, then the payload contains its counts', () => {
    const counts = { totalScanned: 5, purgedCount: 2, failedCount: 1 }
    expect(reaperCompleted(counts)).toEqual({ type: 'reaper.completed', ...counts })
  })
})

describe('what is received', () => {
  test.each([
    [{ petId: '1', enqueuedAt: CREATED }, true],
    [{ petId: '1', enqueuedAt: CREATED, extra: 'x' }, true],
    [{ petId: '1' }, false],
    [{ petId: '1', enqueuedAt: 0 }, true],
    [{ petId: '1', enqueuedAt: -1 }, false],
    [{ petId: '1', enqueuedAt: 1e300 }, false],
    [{ petId: 1, enqueuedAt: CREATED }, false],
    [{ petId: '1', enqueuedAt: '2022' }, false],
    [null, false],
  ])('When the message of a job is %j, then it is valid or not: %s', (data, isValid) => {
    expect(jobEnqueuedSchema.safeParse(data).success).toBe(isValid)
  })

  test.each(Object.entries(auditedEvents))('When %s has an unknown field, then it is valid', (type, data) => {
    const payload: unknown = { type, ...data, extra: 'x' }
    expect(topics[`js.${type}`]?.safeParse(payload).success).toBe(true)
  })
})

test('When the topics are listed, then each namespace has every event, by the same schema', () => {
  const expected = NAMESPACES.flatMap((ns) =>
    Object.entries(payloads).map(([type, schema]) => [`${ns}.${type}`, schema]),
  )
  expect(Object.entries(topics)).toEqual(expected)
})

test('When the payload of an audited event has a type, then that is its topic without the namespace', () => {
  for (const type of Object.keys(auditedEvents)) {
    const [, schema] = Object.entries(payloads).find(([name]) => name === type) ?? []
    expect(schema?.shape).toMatchObject({ type: { value: type } })
  }
})
