import { describe, expect, test } from 'vitest'
import { buildPet } from '../store/build-pet'
import { type ApiStep, callApi } from './call-step'
import { everyNamespace } from './every-namespace'
import { fakeContext } from './fake-context'
import { givenPets, store } from './step-store'

const steps = await everyNamespace<ApiStep>('get-pet')

describe.each(steps)('GET /%s/pets/:id', (ns, step) => {
  test('When the pet exists, then it responds 200 with it, and nothing is emitted or logged', async () => {
    const pet = buildPet({ id: '2', notes: 'Likes rain', nextFeedingAt: 5 })
    givenPets(buildPet({ id: '1' }), pet)
    const context = fakeContext()

    expect(await callApi(step, { id: '2' }, context)).toEqual({ status: 200, body: pet })
    expect([context.emitted, context.logged]).toEqual([[], []])
  })

  test('When the pet is soft-deleted, then it is shown with both its times', async () => {
    const pet = buildPet({ id: '1', status: 'deleted', deletedAt: 10, purgeAt: 20 })
    givenPets(pet)
    expect(await callApi(step, { id: '1' }, fakeContext())).toEqual({ status: 200, body: pet })
  })

  test('When the pet owes events, then they are not shown', async () => {
    const pet = buildPet({ id: '1' })
    givenPets({ ...pet, owed: [{ id: 'e1', topic: `${ns}.pet.created`, data: { petId: '1' } }] })
    expect(await callApi(step, { id: '1' }, fakeContext())).toEqual({ status: 200, body: pet })
  })

  test('When a person has added a field by hand, then it is shown', async () => {
    const pet = { ...buildPet({ id: '1' }), extra: 'x' }
    givenPets(pet)
    expect(await callApi(step, { id: '1' }, fakeContext())).toEqual({ status: 200, body: pet })
  })

  test('When the pet is purged, then it responds 404, even while its last event is owed', async () => {
    givenPets(buildPet({ id: '1', status: 'deleted', deletedAt: 1, purgeAt: 2, purged: true }))
    expect(await callApi(step, { id: '1' }, fakeContext())).toEqual({ status: 404, body: { message: 'Not found' } })
  })

  test.each(['2', '0', '01', '-1', '1.0', ' 1', '', '__proto__', 'constructor', 'toString', '1/../1'])(
    'When the id is %j, then it responds 404',
    async (id) => {
      givenPets(buildPet({ id: '1' }))
      const before = await store.revision()
      const context = fakeContext()

      expect(await callApi(step, { id }, context)).toEqual({ status: 404, body: { message: 'Not found' } })
      expect(context.logged).toEqual([])
      expect(await store.revision()).toBe(before)
    },
  )
})
