import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import { SPECIES, STATUSES } from '../../src/pets/pet'
import { callApi } from '../steps/call-step'
import { fakeContext } from '../steps/fake-context'
import { fileText, givenPets, storedPets } from '../steps/pet-file'
import { buildPet } from '../store/build-pet'
import { chaosSeed } from './random'

const create = await import('../../steps/typescript/create-pet.step')
const update = await import('../../steps/javascript/update-pet.step')
const remove = await import('../../steps/python/delete-pet.step')
const get = await import('../../steps/typescript/get-pet.step')

const settings = { seed: chaosSeed(), numRuns: 200 }

/** Whatever JSON can say, but more often something near to a pet. */
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
    owedJob: fc.jsonValue(),
    purgeClaim: fc.jsonValue(),
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

// The specification's rules once more, in other words than the schemas'.
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

const isClean = (answer: unknown): boolean =>
  !/node_modules|\.ts:|\.js:|\/tmp|\/src\/|at async/.test(JSON.stringify(answer))

beforeEach(() =>
  givenPets(buildPet({ id: '1' }), buildPet({ id: '2', status: 'deleted', deletedAt: 1, purgeAt: 9e14 })),
)

test('whatever the body, create stores a pet of exactly what is valid, or answers 400 and changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(createBody, async (body) => {
      const before = fileText()
      const context = fakeContext()
      const answer = await callApi(create, { body }, context)
      expect(answer.status).toBe(isCreate(body) ? 201 : 400)
      if (answer.status === 201 && isObject(body)) {
        const pet = Object(answer.body)
        const age = Math.max(0, Math.floor(Number(body.ageMonths)))
        expect(pet).toMatchObject({
          name: String(body.name).trim(),
          species: body.species,
          ageMonths: age,
          status: 'new',
        })
        expect(Object.keys(pet).sort()).toEqual(
          ['ageMonths', 'createdAt', 'id', 'name', 'species', 'status', 'updatedAt'].sort(),
        )
        expect(storedPets()[pet.id]).toMatchObject({ ...pet, owedJob: { namespace: 'ts', enqueuedAt: pet.createdAt } })
        expect(context.emitted).toHaveLength(2)
      } else {
        expect(fileText()).toBe(before)
        expect(context.emitted).toEqual([])
        expect(Object(answer.body).message).toBe('Invalid payload: {name, species, ageMonths}')
        expect(isClean(answer.body)).toBe(true)
      }
    }),
    settings,
  )
})

test('whatever the id and the body, update changes exactly what is valid, or answers 400 or 404 and changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(anyId, updateBody, async (id, body) => {
      const before = fileText()
      const old = Object.hasOwn(storedPets(), id) ? storedPets()[id] : undefined
      const context = fakeContext()
      const answer = await callApi(update, { id, body }, context)
      expect(answer.status).toBe(!isUpdate(body) ? 400 : old ? 200 : 404)
      if (answer.status === 200) {
        const { status, ...rest } = Object(answer.body)
        expect(isOneOf(STATUSES, status)).toBe(true)
        expect(rest).toMatchObject({ id, createdAt: old?.createdAt })
        expect(rest.notes).toBe(old?.notes)
        expect((status === 'deleted') === (typeof rest.purgeAt === 'number')).toBe(true)
      } else {
        expect(fileText()).toBe(before)
        expect(context.emitted).toEqual([])
        expect(isClean(answer.body)).toBe(true)
      }
    }),
    settings,
  )
})

test('whatever the id, get and delete answer for the pet of exactly that id, or 404', async () => {
  await fc.assert(
    fc.asyncProperty(anyId, async (id) => {
      const isThere = Object.hasOwn(storedPets(), id)
      const before = fileText()
      expect((await callApi(get, { id }, fakeContext())).status).toBe(isThere ? 200 : 404)
      expect(fileText()).toBe(before)
      const deleted = await callApi(remove, { id }, fakeContext())
      expect(deleted.status).toBe(isThere ? 202 : 404)
      if (isThere) expect(storedPets()[id]?.purgeAt).toBe(Object(deleted.body).purgeAt)
      else expect(fileText()).toBe(before)
    }),
    settings,
  )
})
