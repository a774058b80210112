import { afterEach, describe, expect, test, vi } from 'vitest'
import { buildPet } from '../store/build-pet'
import { callApi } from './call-step'
import { fakeContext } from './fake-context'
import { fileText, givenNoFile, givenPets, storedPet, storedPets } from './pet-file'

const NOON = Date.UTC(2022, 0, 1, 12)

const BUDDY = { name: 'Buddy', species: 'dog', ageMonths: 24 }

const steps = [
  ['js', await import('../../steps/javascript/create-pet.step')],
  ['ts', await import('../../steps/typescript/create-pet.step')],
  ['py', await import('../../steps/python/create-pet.step')],
] as const

afterEach(() => {
  vi.useRealTimers()
})

describe.each(steps)('POST /%s/pets', (ns, step) => {
  test('When the body is valid, then it answers 201 with the pet as stored at that moment', async () => {
    givenNoFile()
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })

    const response = await callApi(step, { body: BUDDY }, fakeContext())

    const pet = { id: '1', ...BUDDY, status: 'new', createdAt: NOON, updatedAt: NOON }
    expect(response).toEqual({ status: 201, body: pet })
    expect(storedPets()).toEqual({ 1: { ...pet, owedJob: { namespace: ns, enqueuedAt: NOON } } })
  })

  test('When a pet is created, then its event and its job go out in that order, with exactly the data of the spec', async () => {
    givenNoFile()
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })
    const context = fakeContext()

    await callApi(step, { body: BUDDY }, context)

    expect(context.emitted).toEqual([
      { topic: `${ns}.pet.created`, data: { petId: '1', name: 'Buddy', species: 'dog', createdAt: NOON } },
      { topic: `${ns}.job.postcreate.enqueued`, data: { petId: '1', enqueuedAt: NOON } },
    ])
  })

  test("When a pet is created, then the log says so in the spec's words", async () => {
    givenNoFile()
    const context = fakeContext()

    await callApi(step, { body: BUDDY }, context)

    const details = { petId: '1', name: 'Buddy', species: 'dog', status: 'new' }
    expect(context.logged).toEqual([['info', '🐾 Pet created', details]])
    expect(Object.keys(context.logged[0]?.[2] ?? {})).toEqual(Object.keys(details))
  })

  test('When an event goes out, then the pet is on disk already', async () => {
    givenNoFile()
    const onDisk: unknown[] = []
    const context = fakeContext({ onEmit: () => onDisk.push(storedPet('1')?.name) })

    await callApi(step, { body: BUDDY }, context)

    expect(onDisk).toEqual(['Buddy', 'Buddy'])
  })

  test('When the queue takes no event, then the pet is stored all the same, with the job it is owed', async () => {
    givenNoFile()
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })
    const refuse = () => {
      throw new Error('no queue')
    }

    const response = await callApi(step, { body: BUDDY }, fakeContext({ onEmit: refuse }))

    expect(response.status).toBe(500)
    expect(storedPet('1')?.owedJob).toEqual({ namespace: ns, enqueuedAt: NOON })
  })

  test('When a pet with the highest id is gone, then its id is not handed out again', async () => {
    givenPets(buildPet({ id: '6' }))
    givenPets(buildPet({ id: '7' }))

    const ids = []
    for (let count = 0; count < 2; count++) {
      const { body } = await callApi(step, { body: BUDDY }, fakeContext())
      ids.push(Object(body).id)
    }

    expect(ids).toEqual(['8', '9'])
  })

  test('When the body holds fields of the store or unknown ones, then they are ignored', async () => {
    givenNoFile()
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })
    const body = {
      ...BUDDY,
      ...{ id: '77', status: 'adopted', createdAt: 1, updatedAt: 1, notes: 'x', nextFeedingAt: 1, deletedAt: 1 },
      ...{ purgeAt: 1, owedJob: { namespace: 'py', enqueuedAt: 1 }, purgeClaim: {}, colour: 'red' },
    }

    const response = await callApi(step, { body }, fakeContext())

    expect(response.body).toEqual({ id: '1', ...BUDDY, status: 'new', createdAt: NOON, updatedAt: NOON })
    expect(Object.keys(storedPet('1') ?? {})).not.toContain('colour')
    expect(storedPet('1')?.owedJob).toEqual({ namespace: ns, enqueuedAt: NOON })
  })

  test('When the name has blanks around it, then they are not stored', async () => {
    givenNoFile()
    const response = await callApi(step, { body: { ...BUDDY, name: '  Buddy\n' } }, fakeContext())
    expect(response.body).toMatchObject({ name: 'Buddy' })
  })

  test.each([
    [24.9, 24],
    [0, 0],
    [-0.5, 0],
    [-12, 0],
    [1e21, 1e21],
  ])('When the age is %d months, then %d whole months are stored', async (ageMonths, stored) => {
    givenNoFile()
    const response = await callApi(step, { body: { ...BUDDY, ageMonths } }, fakeContext())
    expect(response).toMatchObject({ status: 201, body: { ageMonths: stored } })
    expect(storedPet('1')?.ageMonths).toBe(stored)
  })

  const species = 'must be one of dog, cat, bird, other'
  test.each<[what: string, text: string, issues: [path: string, message: string][]]>([
    ['without a name', '{"species": "dog", "ageMonths": 1}', [['name', 'must be a string']]],
    ['with a blank name', '{"name": " \\t", "species": "dog", "ageMonths": 1}', [['name', 'must not be blank']]],
    ['with a number for a name', '{"name": 1, "species": "dog", "ageMonths": 1}', [['name', 'must be a string']]],
    ['with null for a name', '{"name": null, "species": "dog", "ageMonths": 1}', [['name', 'must be a string']]],
    ['of an unknown species', '{"name": "B", "species": "dragon", "ageMonths": 1}', [['species', species]]],
    ['of the species __proto__', '{"name": "B", "species": "__proto__", "ageMonths": 1}', [['species', species]]],
    [
      'with a text for an age',
      '{"name": "B", "species": "dog", "ageMonths": "1"}',
      [['ageMonths', 'must be a finite number']],
    ],
    [
      'with an infinite age',
      '{"name": "B", "species": "dog", "ageMonths": 1e999}',
      [['ageMonths', 'must be a finite number']],
    ],
    [
      'that is an empty object',
      '{}',
      [
        ['name', 'must be a string'],
        ['species', species],
        ['ageMonths', 'must be a finite number'],
      ],
    ],
    ['that is an array', '[]', [['', 'must be a JSON object']]],
    ['that is null', 'null', [['', 'must be a JSON object']]],
    ['that is a number', '7', [['', 'must be a JSON object']]],
    ['that is a text', '"Buddy"', [['', 'must be a JSON object']]],
  ])('When the body is one %s, then it answers 400 with the issue, and nothing happens', async (_, text, issues) => {
    givenPets(buildPet({ id: '1' }))
    const before = fileText()
    const context = fakeContext()

    const response = await callApi(step, { text }, context)

    expect(response).toEqual({
      status: 400,
      body: {
        message: 'Invalid payload: {name, species, ageMonths}',
        issues: issues.map(([path, message]) => ({ path, message })),
      },
    })
    expect(fileText()).toBe(before)
    expect([context.emitted, context.logged]).toEqual([[], []])
  })

  test('When there is no body, then it answers 400', async () => {
    const response = await callApi(step, {}, fakeContext())
    expect(response).toMatchObject({ status: 400, body: { issues: [{ path: '' }] } })
  })
})
