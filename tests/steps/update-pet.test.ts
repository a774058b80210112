import { afterEach, describe, expect, test, vi } from 'vitest'
import { INVALID_PAYLOAD } from '../../src/http/errors'
import { DAY_MS } from '../../src/pets/pet'
import { buildPet } from '../store/build-pet'
import { type ApiStep, callApi } from './call-step'
import { everyNamespace } from './every-namespace'
import { anyId, fakeContext } from './fake-context'
import { givenPets, store, storedPet } from './step-store'

const CREATED = Date.UTC(2022, 0, 1)
const NOON = Date.UTC(2022, 0, 1, 12)
const PURGE = NOON + 30 * DAY_MS

const rex = buildPet({ id: '1', name: 'Rex', createdAt: CREATED, updatedAt: CREATED })
const deletedRex = buildPet({ ...rex, status: 'deleted', deletedAt: CREATED, purgeAt: CREATED + 30 * DAY_MS })

const steps = await everyNamespace<ApiStep>('update-pet')

afterEach(() => {
  vi.useRealTimers()
})

describe.each(steps)('PUT /%s/pets/:id', (ns, step) => {
  test.each([
    [{ name: ' Max ' }, { name: 'Max' }],
    [{ species: 'cat' as const }, { species: 'cat' as const }],
    [{ ageMonths: 7.5 }, { ageMonths: 7 }],
    [{ ageMonths: -1 }, { ageMonths: 0 }],
    [{ status: 'available' as const }, { status: 'available' as const }],
    [
      { name: 'Max', status: 'adopted' as const, extra: 'x', id: '9', createdAt: 1, notes: 'x' },
      { name: 'Max', status: 'adopted' as const },
    ],
  ])('When the body is %j, then only that changes, and no event is emitted', async (body, changed) => {
    givenPets(rex)
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })
    const context = fakeContext()

    const response = await callApi(step, { id: '1', body }, context)

    const pet = { ...rex, ...changed, updatedAt: NOON }
    expect(response).toEqual({ status: 200, body: pet })
    expect(await storedPet('1')).toEqual(pet)
    expect(context.emitted).toEqual([])
    expect(context.logged).toEqual([['info', '✏️ Pet updated', { petId: '1', status: pet.status }]])
  })

  test.each([{}, { extra: 'x', notes: 'x', updatedAt: 1 }])(
    'When the body %j has no field of the pet, then nothing changes, updatedAt included',
    async (body) => {
      givenPets(rex)
      const before = await store.revision()
      const context = fakeContext()

      expect(await callApi(step, { id: '1', body }, context)).toEqual({ status: 200, body: rex })
      expect(await store.revision()).toBe(before)
      expect(context.emitted).toEqual([])
    },
  )

  test('When the status becomes deleted, then the pet is soft-deleted as by DELETE, and its event is emitted', async () => {
    givenPets(rex)
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })
    const context = fakeContext()

    const response = await callApi(step, { id: '1', body: { status: 'deleted', name: 'Max' } }, context)

    const pet = { ...rex, name: 'Max', status: 'deleted', updatedAt: NOON, deletedAt: NOON, purgeAt: PURGE }
    expect(response).toEqual({ status: 200, body: pet })
    const data = { type: 'pet.soft.deleted', petId: '1', name: 'Max', deletedAt: NOON, purgeAt: PURGE }
    expect(context.emitted).toEqual([{ id: anyId, topic: `${ns}.pet.soft.deleted`, data }])
    expect(await storedPet('1')).toEqual({ ...pet, owed: context.emitted })
  })

  test('When a soft-deleted pet is deleted again, then its times stay, and no event is emitted', async () => {
    givenPets(deletedRex)
    const context = fakeContext()

    const response = await callApi(step, { id: '1', body: { status: 'deleted' } }, context)

    const { deletedAt, purgeAt } = deletedRex
    expect(response).toMatchObject({ status: 200, body: { status: 'deleted', deletedAt, purgeAt } })
    expect(context.emitted).toEqual([])
  })

  test('When only fields of a soft-deleted pet change, then it stays deleted with the same times', async () => {
    givenPets(deletedRex)
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })
    const context = fakeContext()

    const response = await callApi(step, { id: '1', body: { name: 'Max' } }, context)

    expect(response).toEqual({ status: 200, body: { ...deletedRex, name: 'Max', updatedAt: NOON } })
    expect(context.emitted).toEqual([])
  })

  test.each(['new', 'available', 'pending', 'adopted'] as const)(
    'When a soft-deleted pet becomes %s, then it is restored, and the reminder that is queued is stored with it',
    async (status) => {
      givenPets(deletedRex)
      vi.useFakeTimers({ toFake: ['Date'], now: NOON })
      const context = fakeContext()

      const response = await callApi(step, { id: '1', body: { status } }, context)

      const pet = { ...rex, status, updatedAt: NOON }
      expect(response).toEqual({ status: 200, body: pet })
      expect(context.emitted).toEqual([
        { id: anyId, topic: `${ns}.feeding.reminder.enqueued`, data: { petId: '1', enqueuedAt: NOON } },
      ])
      expect(await storedPet('1')).toEqual({ ...pet, owed: context.emitted })
    },
  )

  test('When an event is emitted, then the change is already stored', async () => {
    givenPets(rex)
    const stored: unknown[] = []
    const context = fakeContext({
      onEmit: async () => {
        stored.push((await storedPet('1'))?.status)
      },
    })
    await callApi(step, { id: '1', body: { status: 'deleted' } }, context)
    expect(stored).toEqual(['deleted'])
  })

  test('When the queues refuse the event, then the change is still stored, and the event is owed', async () => {
    givenPets(deletedRex)
    const refuse = () => {
      throw new Error('no queue')
    }
    await callApi(step, { id: '1', body: { status: 'new' } }, fakeContext({ onEmit: refuse }))
    expect(await storedPet('1')).toMatchObject({
      status: 'new',
      owed: [{ topic: `${ns}.feeding.reminder.enqueued` }],
    })
  })

  test.each<[text: string, path: string, message: string]>([
    ['{"name": "  "}', 'name', 'must not be blank'],
    ['{"name": null}', 'name', 'must be a string'],
    ['{"species": "dragon"}', 'species', 'must be one of dog, cat, bird, other'],
    ['{"ageMonths": "7"}', 'ageMonths', 'must be a finite number'],
    ['{"ageMonths": -1e999}', 'ageMonths', 'must be a finite number'],
    ['{"status": "gone"}', 'status', 'must be one of new, available, pending, adopted, deleted'],
    ['[]', '', 'must be a JSON object'],
    ['"Rex"', '', 'must be a JSON object'],
  ])('When the body is %s, then it responds 400 with the issue, and nothing happens', async (text, path, message) => {
    givenPets(rex)
    const before = await store.revision()
    const context = fakeContext()

    const response = await callApi(step, { id: '1', text }, context)

    expect(response).toEqual({
      status: 400,
      body: { message: INVALID_PAYLOAD, issues: [{ path, message }] },
    })
    expect(await store.revision()).toBe(before)
    expect([context.emitted, context.logged]).toEqual([[], []])
  })

  test.each(['2', '01', '__proto__', 'constructor'])('When the id is %j, then it responds 404', async (id) => {
    givenPets(rex)
    const before = await store.revision()
    const context = fakeContext()

    const response = await callApi(step, { id, body: { name: 'Max' } }, context)

    expect(response).toEqual({ status: 404, body: { message: 'Not found' } })
    expect(await store.revision()).toBe(before)
    expect([context.emitted, context.logged]).toEqual([[], []])
  })

  test('When the pet is purged, then it responds 404: it cannot be restored any more', async () => {
    givenPets({ ...deletedRex, purged: true })
    const before = await store.revision()

    const response = await callApi(step, { id: '1', body: { status: 'available' } }, fakeContext())

    expect(response).toEqual({ status: 404, body: { message: 'Not found' } })
    expect(await store.revision()).toBe(before)
  })
})
