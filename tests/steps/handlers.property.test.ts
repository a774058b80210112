import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import { INVALID_PAYLOAD } from '../../src/http/errors'
import { SPECIES, STATUSES } from '../../src/pets/pet'
import { presentPet } from '../../src/pets/pet-changes'
import { buildPet } from '../store/build-pet'
import { type ApiStep, callApi } from './call-step'
import { everyNamespace } from './every-namespace'
import { fakeContext } from './fake-context'
import { givenPets, store, storedPet } from './step-store'

const missing = (): never => {
  throw new Error('There is no namespace')
}

const [[ns, create] = missing()] = await everyNamespace<ApiStep>('create-pet')
const [[, update] = missing()] = await everyNamespace<ApiStep>('update-pet')
const [[, remove] = missing()] = await everyNamespace<ApiStep>('delete-pet')
const [[, get] = missing()] = await everyNamespace<ApiStep>('get-pet')

/** Anything that JSON can express, but more often something similar to a pet. */
const nearly = <T>(valid: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 5, arbitrary: valid }, { weight: 1, arbitrary: fc.jsonValue() })
const anyName = nearly(fc.string({ unit: 'binary' }))
const anySpecies = nearly(fc.constantFrom(...SPECIES))
const anyAge = nearly(fc.double({ noNaN: true, noDefaultInfinity: true }))
const anyStatus = nearly(fc.constantFrom(...STATUSES))
const stranger = fc.record(
  {
    id: fc.jsonValue(),
    createdAt: fc.jsonValue(),
    notes: fc.jsonValue(),
    owed: fc.jsonValue(),
    purged: fc.constant(true),
    ['__proto__']: fc.constant({ name: 'Inherited' }),
  },
  { requiredKeys: [] },
)
const bodyOf = (fields: Record<string, fc.Arbitrary<unknown>>, requiredKeys: string[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.tuple(fc.record(fields, { requiredKeys }), stranger).map(([a, b]) => ({ ...b, ...a })) },
    { weight: 1, arbitrary: fc.jsonValue() },
  )
const createBody = bodyOf({ name: anyName, species: anySpecies, ageMonths: anyAge }, ['name', 'species'])
const updateBody = bodyOf({ name: anyName, species: anySpecies, ageMonths: anyAge, status: anyStatus }, [])
const anyId = fc.oneof(
  fc.constantFrom('1', '2'),
  fc.string(),
  fc.constantFrom('__proto__', 'constructor', '01', '1e0', ' 1'),
)

// The specification's rules again, expressed in a different way than in the schemas.
const isObject = (body: unknown): body is Record<string, unknown> =>
  typeof body === 'object' && body !== null && !Array.isArray(body)
const isOneOf = (list: readonly string[], value: unknown) => list.some((entry) => entry === value)
const isName = (value: unknown) => typeof value === 'string' && value.trim() !== ''
const isAge = (value: unknown) => typeof value === 'number' && Number.isFinite(value)
const isCreate = (body: unknown): boolean =>
  isObject(body) && isName(body.name) && isOneOf(SPECIES, body.species) && isAge(body.ageMonths)
const isUpdate = (body: unknown): boolean =>
  isObject(body) &&
  (body.name === undefined || isName(body.name)) &&
  (body.species === undefined || isOneOf(SPECIES, body.species)) &&
  (body.ageMonths === undefined || isAge(body.ageMonths)) &&
  (body.status === undefined || isOneOf(STATUSES, body.status))

beforeEach(() =>
  givenPets(buildPet({ id: '1' }), buildPet({ id: '2', status: 'deleted', deletedAt: 1, purgeAt: 9e14 })),
)

test('When any body is sent to create, then it stores a pet of exactly what is valid, or responds 400 and changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(createBody, async (body) => {
      const before = await store.revision()
      const context = fakeContext()
      const response = await callApi(create, { body }, context)
      expect(response.status).toBe(isCreate(body) ? 201 : 400)
      if (response.status === 201 && isObject(body)) {
        const pet = Object(response.body)
        const ageMonths = Math.max(0, Math.floor(Number(body.ageMonths)))
        expect(pet).toEqual({
          ...buildPet({ id: pet.id, name: String(body.name).trim(), ageMonths, updatedAt: pet.createdAt }),
          ...{ id: expect.any(String), species: body.species, createdAt: expect.any(Number) },
        })
        expect(await storedPet(pet.id)).toEqual({ ...pet, owed: context.emitted })
        expect(context.emitted).toMatchObject([
          { topic: `${ns}.pet.created` },
          { topic: `${ns}.job.postcreate.enqueued` },
        ])
      } else {
        expect(await store.revision()).toBe(before)
        expect(context.emitted).toEqual([])
        expect(response.body).toEqual({
          message: INVALID_PAYLOAD,
          issues: expect.any(Array),
        })
      }
    }),
  )
})

test('When any body is sent to update, then it changes exactly what is valid, or responds 400 or 404 and changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(anyId, updateBody, async (id, body) => {
      const before = await store.revision()
      const old = await storedPet(id)
      const context = fakeContext()
      const response = await callApi(update, { id, body }, context)
      expect(response.status).toBe(!isUpdate(body) ? 400 : old ? 200 : 404)
      if (response.status === 200 && old) {
        const { status, purgeAt, ...rest } = Object(response.body)
        expect(STATUSES).toContain(status)
        expect(rest).toMatchObject({ id, createdAt: old.createdAt })
        expect(rest.notes).toBe(old.notes)
        expect(typeof purgeAt).toBe(status === 'deleted' ? 'number' : 'undefined')
        expect(context.emitted).toHaveLength((status === 'deleted') === (old.status === 'deleted') ? 0 : 1)
        expect(presentPet((await storedPet(id)) ?? old)).toEqual(response.body)
      } else {
        expect(await store.revision()).toBe(before)
        expect(context.emitted).toEqual([])
      }
    }),
  )
})

test('When any id is sent to get and delete, then they find the pet of exactly that id, or respond 404', async () => {
  await fc.assert(
    fc.asyncProperty(anyId, async (id) => {
      const pet = await storedPet(id)
      const before = await store.revision()
      expect((await callApi(get, { id }, fakeContext())).status).toBe(pet ? 200 : 404)
      expect(await store.revision()).toBe(before)
      const deleted = await callApi(remove, { id }, fakeContext())
      expect(deleted.status).toBe(pet ? 202 : 404)
      if (pet) expect((await storedPet(id))?.purgeAt).toBe(Object(deleted.body).purgeAt)
      else expect(await store.revision()).toBe(before)
    }),
  )
})
