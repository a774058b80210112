import { afterEach, describe, expect, test, vi } from 'vitest'
import { DAY_MS } from '../../src/pets/pet'
import { buildPet } from '../store/build-pet'
import { callApi } from './call-step'
import { fakeContext } from './fake-context'
import { fileText, givenPets, storedPet } from './pet-file'

const NOON = Date.UTC(2022, 0, 1, 12)
const NEXT_NOON = NOON + DAY_MS
const PURGE = NOON + 30 * DAY_MS

const steps = [
  ['js', await import('../../steps/javascript/delete-pet.step')],
  ['ts', await import('../../steps/typescript/delete-pet.step')],
  ['py', await import('../../steps/python/delete-pet.step')],
] as const

afterEach(() => {
  vi.useRealTimers()
})

const scheduled = { status: 202, body: { message: 'Pet scheduled for deletion', petId: '1', purgeAt: PURGE } }

describe.each(steps)('DELETE /%s/pets/:id', (ns, step) => {
  test('When the pet exists, then it answers 202, keeps the pet as deleted, and tells it once', async () => {
    const rex = buildPet({ id: '1', name: 'Rex' })
    givenPets(rex)
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })
    const context = fakeContext()

    expect(await callApi(step, { id: '1' }, context)).toEqual(scheduled)

    expect(storedPet('1')).toEqual({ ...rex, status: 'deleted', updatedAt: NOON, deletedAt: NOON, purgeAt: PURGE })
    expect(context.emitted).toEqual([
      { topic: `${ns}.pet.soft.deleted`, data: { petId: '1', name: 'Rex', deletedAt: NOON, purgeAt: PURGE } },
    ])
    expect(context.logged).toEqual([['info', '🗑️ Pet soft deleted', { petId: '1', purgeAt: PURGE }]])
  })

  test('When the pet is deleted already, then it answers 202 with the same purgeAt, and nothing else happens', async () => {
    givenPets(buildPet({ id: '1', status: 'deleted', deletedAt: NOON, purgeAt: PURGE }))
    const before = fileText()
    vi.useFakeTimers({ toFake: ['Date'], now: NEXT_NOON })
    const context = fakeContext()

    expect(await callApi(step, { id: '1' }, context)).toEqual(scheduled)

    expect(fileText()).toBe(before)
    expect([context.emitted, context.logged]).toEqual([[], []])
  })

  test('When a pet was marked deleted by hand without its times, then it gets them', async () => {
    givenPets(buildPet({ id: '1', status: 'deleted', deletedAt: null, purgeAt: null }))
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })

    expect(await callApi(step, { id: '1' }, fakeContext())).toEqual(scheduled)

    expect(storedPet('1')).toMatchObject({ deletedAt: NOON, purgeAt: PURGE })
  })

  test('When the job of the pet is still owed, then it stays owed', async () => {
    const owedJob = { namespace: ns, enqueuedAt: NOON } as const
    givenPets(buildPet({ id: '1', owedJob }))
    await callApi(step, { id: '1' }, fakeContext())
    expect(storedPet('1')).toMatchObject({ status: 'deleted', owedJob })
  })

  test('When several requests delete one pet at the same time, then all get the same purgeAt, and one event goes out', async () => {
    givenPets(buildPet({ id: '1' }))
    const context = fakeContext()

    const responses = await Promise.all(Array.from({ length: 5 }, () => callApi(step, { id: '1' }, context)))

    const { purgeAt } = Object(storedPet('1'))
    for (const response of responses) expect(response).toMatchObject({ status: 202, body: { purgeAt } })
    expect(context.emitted).toHaveLength(1)
  })

  test.each(['2', '01', '__proto__', 'constructor'])('When the id is %j, then it answers 404', async (id) => {
    givenPets(buildPet({ id: '1' }))
    const before = fileText()
    const context = fakeContext()

    expect(await callApi(step, { id }, context)).toEqual({ status: 404, body: { message: 'Not found' } })
    expect(fileText()).toBe(before)
    expect([context.emitted, context.logged]).toEqual([[], []])
  })
})
