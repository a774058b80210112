import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { intersection, typeOfSchema } from '../../src/steps/schema-type'

const typeOfZod = (schema: z.ZodType): string =>
  typeOfSchema(z.toJSONSchema(schema, { target: 'draft-7', unrepresentable: 'any' }))

describe('typeOfSchema', () => {
  test.each<[what: string, schema: z.ZodType, type: string]>([
    ['a text', z.string().min(1), 'string'],
    ['a number', z.number(), 'number'],
    ['an integer', z.int(), 'number'],
    ['true or false', z.boolean(), 'boolean'],
    ['null', z.null(), 'null'],
    ['a literal text', z.literal('dog'), '"dog"'],
    ['a literal number', z.literal(7), '7'],
    ['several literals', z.literal(['a', 1]), '"a" | 1'],
    ['an enum', z.enum(['dog', 'cat']), '"dog" | "cat"'],
    ['a list', z.array(z.string()), 'Array<string>'],
    ['a list of an enum', z.array(z.enum(['a', 'b'])), 'Array<"a" | "b">'],
    ['a nullable', z.number().nullable(), 'number | null'],
    ['a union', z.union([z.string(), z.number(), z.string()]), 'string | number'],
    [
      'an intersection',
      z.intersection(z.object({ a: z.string() }), z.object({ b: z.int() })),
      '{ a: string; b: number }',
    ],
    ['an object', z.object({ id: z.string(), age: z.number().optional() }), '{ id: string; age?: number }'],
    ['an object in an object', z.object({ pet: z.object({ id: z.string() }) }), '{ pet: { id: string } }'],
    ['an empty object', z.object({}), '{}'],
    ['a record', z.record(z.string(), z.number()), 'Record<string, number>'],
    ['anything', z.unknown(), 'unknown'],
    ['what JSON has no form for', z.bigint(), 'unknown'],
    [
      'a discriminated union',
      z.discriminatedUnion('type', [
        z.object({ type: z.literal('a'), n: z.number() }),
        z.object({ type: z.literal('b') }),
      ]),
      '{ type: "a"; n: number } | { type: "b" }',
    ],
  ])('When zod describes %s, then the type is that', (_, schema, type) => {
    expect(typeOfZod(schema)).toBe(type)
  })

  test.each<[what: string, schema: unknown, type: string]>([
    ['types in a list', { type: ['string', 'null'] }, 'string | null'],
    ['an object without properties', { type: 'object' }, 'Record<string, unknown>'],
    ['a file', { type: 'string', format: 'binary' }, 'Buffer'],
    ['no schema', undefined, 'unknown'],
    ['a schema that is true', true, 'unknown'],
    ['a text', 'string', 'unknown'],
    ['an unknown type', { type: 'tuple' }, 'unknown'],
    ['a list of anything', { type: 'array' }, 'Array<unknown>'],
    ['no alternatives', { anyOf: [] }, 'never'],
    ['all of several', { allOf: [{ type: 'string' }, { enum: ['a'] }] }, '(string) & ("a")'],
  ])('When JSON Schema contains %s, then the type is that or unknown', (_, schema, type) => {
    expect(typeOfSchema(schema)).toBe(type)
  })

  test('When a key is not an identifier, then it is quoted', () => {
    const schema = z.object({
      ok_1: z.string(),
      'odd-key': z.string(),
      "it's": z.string(),
      '1st': z.string(),
      'a\\b\n"': z.string(),
    })
    expect(typeOfZod(schema)).toBe(
      '{ ok_1: string; "odd-key": string; "it\'s": string; "1st": string; "a\\\\b\\n\\"": string }',
    )
  })
})

describe('intersection', () => {
  test.each([
    [[], 'unknown'],
    [['string'], 'string'],
    [['string', 'string'], 'string'],
    [['{ a: string }', '"x" | "y"'], '({ a: string }) & ("x" | "y")'],
  ])('When the types are %j, then it is %j', (types, type) => {
    expect(intersection(types)).toBe(type)
  })
})
