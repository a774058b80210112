import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildPet } from '../store/build-pet'
import { callApi } from './call-step'
import { fakeContext } from './fake-context'
import { dataDir, givenNoFile, givenPets } from './pet-file'

const steps = [
  ['js', await import('../../steps/javascript/get-pets.step')],
  ['ts', await import('../../steps/typescript/get-pets.step')],
  ['py', await import('../../steps/python/get-pets.step')],
] as const

describe.each(steps)('GET /%s/pets', (ns, step) => {
  test('When there is no data file, then the list is empty, and none is made', async () => {
    givenNoFile()
    expect(await callApi(step, {}, fakeContext())).toEqual({ status: 200, body: [] })
    expect(existsSync(join(dataDir, 'pets.json'))).toBe(false)
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

  test('When pets are owed jobs, then the list shows them without', async () => {
    const pet = buildPet({ id: '1' })
    givenPets({ ...pet, owedJob: { namespace: ns, enqueuedAt: 1 } })
    expect(await callApi(step, {}, fakeContext())).toEqual({ status: 200, body: [pet] })
  })

  test('When a reaper has claimed a pet, then it is not listed', async () => {
    const claim = { namespace: 'py', purgedAt: 3, claimedAt: 3 } as const
    givenPets(
      buildPet({ id: '1' }),
      buildPet({ id: '2', status: 'deleted', deletedAt: 1, purgeAt: 2, purgeClaim: claim }),
    )
    expect(await callApi(step, {}, fakeContext())).toEqual({ status: 200, body: [buildPet({ id: '1' })] })
  })
})
