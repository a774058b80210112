import { afterEach, describe, expect, test, vi } from 'vitest'
import { DAY_MS } from '../../src/pets/pet'
import { buildPet } from '../store/build-pet'
import { type ApiStep, callApi } from './call-step'
import { everyNamespace } from './every-namespace'
import { anyId, fakeContext } from './fake-context'
import { givenPets, store, storedPet } from './step-store'

const NOON = Date.UTC(2022, 0, 1, 12)
const NEXT_NOON = NOON + DAY_MS
const PURGE = NOON + 30 * DAY_MS

const steps = await everyNamespace<ApiStep>('delete-pet')

afterEach(() => {
  vi.useRealTimers()
})

const scheduled = { status: 202, body: { message: 'Pet scheduled for deletion', petId: '1', purgeAt: PURGE } }

describe.each(steps)('DELETE /%s/pets/:id', (ns, step) => {
  test('When the pet exists, then it responds 202, keeps the pet as deleted, and stores the event that it emits', async () => {
    const rex = buildPet({ id: '1', name: 'Rex' })
    givenPets(rex)
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })
    const context = fakeContext()

    expect(await callApi(step, { id: '1' }, context)).toEqual(scheduled)

    const data = { type: 'pet.soft.deleted', petId: '1', name: 'Rex', deletedAt: NOON, purgeAt: PURGE }
    expect(context.emitted).toEqual([{ id: anyId, topic: `${ns}.pet.soft.deleted`, data }])
    expect(await storedPet('1')).toEqual({
      ...{ ...rex, status: 'deleted', updatedAt: NOON, deletedAt: NOON, purgeAt: PURGE },
      owed: context.emitted,
    })
    expect(context.logged).toEqual([['info', '🗑️ Pet soft deleted', { petId: '1', purgeAt: PURGE }]])
  })

  test('When the pet is already deleted, then it responds 202 with the same purgeAt, and nothing else happens', async () => {
    givenPets(buildPet({ id: '1', status: 'deleted', deletedAt: NOON, purgeAt: PURGE }))
    const before = await store.revision()
    vi.useFakeTimers({ toFake: ['Date'], now: NEXT_NOON })
    const context = fakeContext()

    expect(await callApi(step, { id: '1' }, context)).toEqual(scheduled)

    expect(await store.revision()).toBe(before)
    expect([context.emitted, context.logged]).toEqual([[], []])
  })

  test('When a pet was marked deleted by hand without its times, then it gets them', async () => {
    givenPets(buildPet({ id: '1', status: 'deleted', deletedAt: null, purgeAt: null }))
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })

    expect(await callApi(step, { id: '1' }, fakeContext())).toEqual(scheduled)

    expect(await storedPet('1')).toMatchObject({ deletedAt: NOON, purgeAt: PURGE })
  })

  test('When the pet owes an event already, then that stays owed', async () => {
    const job = { id: 'e1', topic: `${ns}.job.postcreate.enqueued`, data: { petId: '1', enqueuedAt: NOON } }
    givenPets(buildPet({ id: '1', owed: [job] }))
    const context = fakeContext()
    await callApi(step, { id: '1' }, context)
    expect(await storedPet('1')).toMatchObject({ status: 'deleted', owed: [job, ...context.emitted] })
  })

  test('When the queues refuse the event, then the pet is still deleted, and the event is owed', async () => {
    givenPets(buildPet({ id: '1' }))
    const refuse = () => {
      throw new Error('no queue')
    }
    await callApi(step, { id: '1' }, fakeContext({ onEmit: refuse }))
    expect(await storedPet('1')).toMatchObject({ status: 'deleted', owed: [{ topic: `${ns}.pet.soft.deleted` }] })
  })

  test('When several requests delete one pet at the same time, then all get the same purgeAt, and one event is emitted', async () => {
    givenPets(buildPet({ id: '1' }))
    const context = fakeContext()

    const responses = await Promise.all(Array.from({ length: 5 }, () => callApi(step, { id: '1' }, context)))

    const { purgeAt } = { ...(await storedPet('1')) }
    for (const response of responses) expect(response).toMatchObject({ status: 202, body: { purgeAt } })
    expect(context.emitted).toHaveLength(1)
  })

  test.each(['2', '01', '__proto__', 'constructor'])('When the id is %j, then it responds 404', async (id) => {
    givenPets(buildPet({ id: '1' }))
    const before = await store.revision()
    const context = fakeContext()

    expect(await callApi(step, { id }, context)).toEqual({ status: 404, body: { message: 'Not found' } })
    expect(await store.revision()).toBe(before)
    expect([context.emitted, context.logged]).toEqual([[], []])
  })
})
