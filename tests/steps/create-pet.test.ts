import { afterEach, describe, expect, test, vi } from 'vitest'
import { INVALID_PAYLOAD } from '../../src/http/errors'
import { buildPet } from '../store/build-pet'
import { type ApiStep, callApi } from './call-step'
import { everyNamespace } from './every-namespace'
import { anyId, fakeContext } from './fake-context'
import { givenPets, store, storedPet } from './step-store'

const NOON = Date.UTC(2022, 0, 1, 12)

const BUDDY = { name: 'Buddy', species: 'dog', ageMonths: 24 } as const

const steps = await everyNamespace<ApiStep>('create-pet')

afterEach(() => {
  vi.useRealTimers()
})

describe.each(steps)('POST /%s/pets', (ns, step) => {
  test('When the body is valid, then it responds 201 with the pet as stored at that moment', async () => {
    givenPets()
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })

    const response = await callApi(step, { body: BUDDY }, fakeContext())

    const pet = buildPet({ id: '1', ...BUDDY, createdAt: NOON, updatedAt: NOON })
    expect(response).toEqual({ status: 201, body: pet })
    expect(await storedPet('1')).toEqual({ ...pet, owed: expect.any(Array) })
  })

  test('When a pet is created, then its two events are stored with the pet and emitted', async () => {
    givenPets()
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })
    const context = fakeContext()

    await callApi(step, { body: BUDDY }, context)

    const created = { type: 'pet.created', petId: '1', name: 'Buddy', species: 'dog', createdAt: NOON }
    expect(context.emitted).toEqual([
      { id: anyId, topic: `${ns}.pet.created`, data: created },
      { id: anyId, topic: `${ns}.job.postcreate.enqueued`, data: { petId: '1', enqueuedAt: NOON } },
    ])
    expect((await storedPet('1'))?.owed).toEqual(context.emitted)
  })

  test("When a pet is created, then the log says so in the spec's words", async () => {
    givenPets()
    const context = fakeContext()

    await callApi(step, { body: BUDDY }, context)

    const details = { petId: '1', name: 'Buddy', species: 'dog', status: 'new' }
    expect(context.logged).toEqual([['info', '🐾 Pet created', details]])
    expect(Object.keys(context.logged[0]?.[2] ?? {})).toEqual(Object.keys(details))
  })

  test('When an event is emitted, then the pet is already stored', async () => {
    givenPets()
    const stored: unknown[] = []
    const context = fakeContext({
      onEmit: async () => {
        stored.push((await storedPet('1'))?.name)
      },
    })

    await callApi(step, { body: BUDDY }, context)

    expect(stored).toEqual(['Buddy', 'Buddy'])
  })

  test('When the queues refuse the events, then the pet is still stored, and owes both', async () => {
    givenPets()
    const refuse = () => {
      throw new Error('no queue')
    }

    const response = await callApi(step, { body: BUDDY }, fakeContext({ onEmit: refuse }))

    expect(response.status).toBe(500)
    expect((await storedPet('1'))?.owed?.map(({ topic }) => topic)).toEqual([
      `${ns}.pet.created`,
      `${ns}.job.postcreate.enqueued`,
    ])
  })

  test('When the pet with the highest id is purged, then its id is not used again', async () => {
    givenPets(buildPet({ id: '6' }), buildPet({ id: '7' }))
    await store.updateMany(['7'], () => null)
    expect(await storedPet('7')).toBeUndefined()

    const { body } = await callApi(step, { body: BUDDY }, fakeContext())

    expect(body).toMatchObject({ id: '8' })
  })

  test('When the body contains fields of the store or unknown ones, then they are ignored', async () => {
    givenPets()
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })
    const body = {
      ...BUDDY,
      ...{ id: '77', status: 'adopted', createdAt: 1, updatedAt: 1, notes: 'x', nextFeedingAt: 1, deletedAt: 1 },
      ...{ purgeAt: 1, owed: [{ id: 'x', topic: 'x', data: {} }], purged: true, extra: 'x' },
    }

    const response = await callApi(step, { body }, fakeContext())

    expect(response.body).toEqual(buildPet({ id: '1', ...BUDDY, createdAt: NOON, updatedAt: NOON }))
    const { owed, ...stored } = { ...(await storedPet('1')) }
    expect(stored).toEqual(response.body)
    expect(owed?.map(({ topic }) => topic)).not.toContain('x')
  })

  test('When the name has blanks around it, then they are not stored', async () => {
    givenPets()
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
    givenPets()
    const response = await callApi(step, { body: { ...BUDDY, ageMonths } }, fakeContext())
    expect(response).toMatchObject({ status: 201, body: { ageMonths: stored } })
    expect((await storedPet('1'))?.ageMonths).toBe(stored)
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
  ])('When the body is one %s, then it responds 400 with the issue, and nothing happens', async (_, text, issues) => {
    givenPets(buildPet({ id: '1' }))
    const before = await store.revision()
    const context = fakeContext()

    const response = await callApi(step, { text }, context)

    expect(response).toEqual({
      status: 400,
      body: {
        message: INVALID_PAYLOAD,
        issues: issues.map(([path, message]) => ({ path, message })),
      },
    })
    expect(await store.revision()).toBe(before)
    expect([context.emitted, context.logged]).toEqual([[], []])
  })

  test('When there is no body, then it responds 400', async () => {
    const response = await callApi(step, {}, fakeContext())
    expect(response).toMatchObject({ status: 400, body: { issues: [{ path: '' }] } })
  })

  describe('with an Idempotency-Key', () => {
    const create = (key: string, body: unknown = BUDDY, context = fakeContext()) =>
      callApi(step, { body, headers: { 'idempotency-key': key } }, context)

    test('When the request is repeated, then the response is too, and nothing is stored, emitted or logged', async () => {
      givenPets()
      const first = await create('a')
      const context = fakeContext()
      expect(await create('a', BUDDY, context)).toEqual(first)
      expect(first).toMatchObject({ status: 201, body: { id: '1' } })
      expect(Object.keys(Object(first.body))).not.toContain('idempotency')
      expect(await store.list()).toHaveLength(1)
      expect([context.emitted, context.logged]).toEqual([[], []])
    })

    test('When another namespace gets the key, then it creates a pet of its own', async () => {
      givenPets()
      for (const [, { config, handler }] of steps) {
        await callApi({ config, handler }, { body: BUDDY, headers: { 'idempotency-key': 'a' } }, fakeContext())
      }
      expect(await store.list()).toHaveLength(steps.length)
    })

    test('When the key comes with another body, then it responds 422', async () => {
      givenPets()
      await create('a')
      expect((await create('a', { ...BUDDY, ageMonths: 25 })).status).toBe(422)
      expect((await create('a', { ageMonths: 24, species: 'dog', name: ' Buddy ', extra: 1 })).status).toBe(201)
      expect(await store.list()).toHaveLength(1)
    })

    test.each(['!', '~', '"8e03978e-40d5"', 'k'.repeat(255)])(
      'When the key is %j, then it is accepted',
      async (key) => {
        givenPets()
        for (let count = 0; count < 2; count++)
          expect(await create(key)).toMatchObject({ status: 201, body: { id: '1' } })
      },
    )

    test.each(['', ' ', 'a b', 'a, b', 'é', '\t', '\x7f', 'k'.repeat(256)])(
      'When the key is %j, then it responds 400 and stores nothing',
      async (key) => {
        givenPets()
        expect(await create(key)).toEqual({
          status: 400,
          body: {
            message: 'Invalid header: {Idempotency-Key}',
            issues: [{ path: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }],
          },
        })
        expect(await store.list()).toEqual([])
      },
    )
  })
})
