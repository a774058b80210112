import fc from 'fast-check'

/** A JSON Schema, or any other object of an OpenAPI document. */
export type Json = Record<string, unknown>

/** Whether a value is a JSON object. */
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Returns the value as an object, an empty one if it is none. */
export const objectOf = (value: unknown): Json => (isObject(value) ? value : {})

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

const numberOr = (value: unknown, fallback: number): number => (typeof value === 'number' ? value : fallback)

/** Returns values that a JSON Schema accepts. `resolve` returns the schema that a `$ref` names. Throws for what it does not know. */
export const valuesOf = (schema: Json, resolve: (reference: string) => Json): fc.Arbitrary<unknown> => {
  const values = (part: unknown): fc.Arbitrary<unknown> => valuesOf(objectOf(part), resolve)
  const { $ref, type, pattern, minimum, maximum, required } = schema
  if (typeof $ref === 'string') return values(resolve($ref))
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...listOf(schema.enum))
  if (schema.anyOf) return fc.oneof(...listOf(schema.anyOf).map(values))
  switch (type) {
    case 'string':
      return typeof pattern === 'string' ? fc.stringMatching(new RegExp(pattern)) : fc.string({ unit: 'grapheme' })
    case 'integer':
      return fc.integer({ min: numberOr(minimum, -1_000), max: numberOr(maximum, 1_000) })
    case 'number':
      return fc.double({
        ...{ min: numberOr(minimum, -Number.MAX_VALUE), max: numberOr(maximum, Number.MAX_VALUE) },
        noNaN: true,
      })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(values(schema.items), { maxLength: 5 })
    case 'object': {
      const fields = Object.entries(objectOf(schema.properties)).map(([key, field]) => [key, values(field)] as const)
      return fc.record(Object.fromEntries(fields), { requiredKeys: listOf(required).map(String) })
    }
    default:
      throw new Error(`No values can be made for ${JSON.stringify(schema)}`)
  }
}

/** Returns values like those of `valid`, of which most miss a field or have another value in it. */
export const nearlyValid = (valid: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.tuple(valid, fc.nat(), fc.option(fc.jsonValue())).map(damage) },
    { weight: 1, arbitrary: fc.jsonValue() },
  )

const damage = ([value, at, other]: [value: unknown, at: number, other: unknown]): unknown => {
  if (!isObject(value)) return other
  const keys = Object.keys(value)
  const key = keys[at % Math.max(1, keys.length)]
  if (key === undefined) return other
  const { [key]: _, ...rest } = value
  return other === null ? rest : { ...rest, [key]: other }
}
