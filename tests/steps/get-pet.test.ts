import { describe, expect, test } from 'vitest'
import { buildPet } from '../store/build-pet'
import { callApi } from './call-step'
import { fakeContext } from './fake-context'
import { fileText, givenPets } from './pet-file'

const steps = [
  ['js', await import('../../steps/javascript/get-pet.step')],
  ['ts', await import('../../steps/typescript/get-pet.step')],
  ['py', await import('../../steps/python/get-pet.step')],
] as const

describe.each(steps)('GET /%s/pets/:id', (ns, step) => {
  test('When the pet exists, then it answers 200 with it, and nothing is emitted or logged', async () => {
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

  test('When the pet is owed a job, then that is not shown', async () => {
    const pet = buildPet({ id: '1' })
    givenPets({ ...pet, owedJob: { namespace: ns, enqueuedAt: 1 } })
    expect(await callApi(step, { id: '1' }, fakeContext())).toEqual({ status: 200, body: pet })
  })

  test('When a reaper has claimed the pet, then it answers 404: the purge is decided', async () => {
    givenPets(
      buildPet({
        id: '1',
        status: 'deleted',
        deletedAt: 1,
        purgeAt: 2,
        purgeClaim: { namespace: 'js', purgedAt: 3, claimedAt: 3 },
      }),
    )
    expect(await callApi(step, { id: '1' }, fakeContext())).toEqual({ status: 404, body: { message: 'Not found' } })
  })

  test('When the file is edited by hand, then the next request shows the edit', async () => {
    givenPets(buildPet({ id: '1', name: 'Rex' }))
    await callApi(step, { id: '1' }, fakeContext())
    givenPets(buildPet({ id: '1', name: 'Max' }))
    expect(await callApi(step, { id: '1' }, fakeContext())).toMatchObject({ status: 200, body: { name: 'Max' } })
  })

  test.each(['2', '0', '01', '-1', '1.0', ' 1', '', '__proto__', 'constructor', 'toString', '1/../1'])(
    'When the id is %j, then it answers 404',
    async (id) => {
      givenPets(buildPet({ id: '1' }))
      const before = fileText()
      const context = fakeContext()

      expect(await callApi(step, { id }, context)).toEqual({ status: 404, body: { message: 'Not found' } })
      expect(context.logged).toEqual([])
      expect(fileText()).toBe(before)
    },
  )
})
