import { describe, expect, test } from 'vitest'
import { buildPet } from '../store/build-pet'
import { type ApiStep, callApi } from './call-step'
import { everyNamespace } from './every-namespace'
import { fakeContext } from './fake-context'
import { givenPets } from './step-store'

const steps = await everyNamespace<ApiStep>('get-pets')

describe.each(steps)('GET /%s/pets', (ns, step) => {
  test('When there are no pets, then the list is empty', async () => {
    givenPets()
    expect(await callApi(step, {}, fakeContext())).toEqual({ status: 200, body: [] })
  })

  test('When there are pets, then all are listed in the order of creation, soft-deleted ones too', async () => {
    const pets = [
      buildPet({ id: '2', name: 'Rex' }),
      buildPet({ id: '9', status: 'deleted', deletedAt: 10, purgeAt: 20 }),
      buildPet({ id: '10', status: 'adopted' }),
    ]
    givenPets(...pets.toReversed())
    const context = fakeContext()

    expect(await callApi(step, {}, context)).toEqual({ status: 200, body: pets })
    expect([context.emitted, context.logged]).toEqual([[], []])
  })

  test('When pets owe events, then the list shows them without', async () => {
    const pet = buildPet({ id: '1' })
    givenPets({ ...pet, owed: [{ id: 'e1', topic: `${ns}.pet.created`, data: { petId: '1' } }] })
    expect(await callApi(step, {}, fakeContext())).toEqual({ status: 200, body: [pet] })
  })

  test('When a pet is purged, then it is not listed', async () => {
    givenPets(buildPet({ id: '1' }), buildPet({ id: '2', status: 'deleted', deletedAt: 1, purgeAt: 2, purged: true }))
    expect(await callApi(step, {}, fakeContext())).toEqual({ status: 200, body: [buildPet({ id: '1' })] })
  })
})
