import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { InvalidPayloadError, invalidPayloadSchema, parsePayload } from '../../src/http/errors'
import { createPetSchema, updatePetSchema } from '../../src/pets/payloads'
import { clientFields } from '../../src/pets/pet'
import { buildCreate } from '../store/build-pet'

const failureOf = (schema: z.ZodType, body: unknown): InvalidPayloadError => {
  try {
    parsePayload(schema, body)
  } catch (error) {
    if (error instanceof InvalidPayloadError) return error
    throw error
  }
  throw new Error('The payload was accepted')
}

describe('parsePayload', () => {
  test('When the payload fits, then it is returned as the schema reads it', () => {
    const body = { name: ' Rex ', species: 'dog', ageMonths: 1, id: '7' }
    expect(parsePayload(createPetSchema, body)).toEqual(buildCreate({ name: 'Rex', ageMonths: 1 }))
    expect(parsePayload(updatePetSchema, {})).toEqual({})
  })

  test('When fields are wrong, then it throws a message with the names of all fields, and one issue for each by its path', () => {
    const error = failureOf(createPetSchema, { name: '', species: 'dragon', ageMonths: 'old' })
    expect(error.message).toBe(`Invalid payload: {${Object.keys(clientFields).join(', ')}}`)
    expect(error.issues).toEqual([
      { path: 'name', message: 'must not be blank' },
      { path: 'species', message: 'must be one of dog, cat, bird, other' },
      { path: 'ageMonths', message: 'must be a finite number' },
    ])
    expect(invalidPayloadSchema.safeParse({ message: error.message, issues: error.issues }).success).toBe(true)
  })

  test('When the wrong field is nested, then its path has dots', () => {
    const schema = z.object({ list: z.array(z.object({ name: z.string('must be a string') })) })
    expect(failureOf(schema, { list: [{ name: 'Rex' }, {}] }).issues).toEqual([
      { path: 'list.1.name', message: 'must be a string' },
    ])
  })

  test.each([null, undefined, [], 7, 'Rex', true])(
    'When the payload is %j, then the issue has an empty path',
    (body) => {
      for (const schema of [createPetSchema, updatePetSchema]) {
        expect(failureOf(schema, body).issues).toEqual([{ path: '', message: 'must be a JSON object' }])
      }
    },
  )

  test('When the payload has keys of Object.prototype, then they are ignored', () => {
    const body = JSON.parse('{"name": "Rex", "species": "dog", "ageMonths": 1, "__proto__": {"polluted": true}}')
    expect(Object.keys(parsePayload(createPetSchema, body))).toEqual(Object.keys(buildCreate()))
    expect('polluted' in {}).toBe(false)
    expect(failureOf(createPetSchema, JSON.parse('{"__proto__": {"name": "Rex"}}')).issues).toHaveLength(3)
  })
})
