import { z } from 'zod'

const schemaShape = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  allOf: z.array(z.unknown()).optional(),
  items: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  additionalProperties: z.unknown().optional(),
  not: z.unknown().optional(),
  format: z.string().optional(),
})

type Schema = z.infer<typeof schemaShape>

/** Returns the TypeScript type of a JSON Schema as text; `unknown` if it cannot be determined. */
export const typeOfSchema = (schema: unknown): string => {
  const parsed = schemaShape.safeParse(schema)
  return parsed.success ? typeOf(parsed.data) : 'unknown'
}

/** Returns whether a JSON Schema requires a property that values of another one may not have. */
export const requiresMore = (schema: unknown, other: unknown): boolean => {
  const [wanted, given] = [schemaShape.safeParse(schema).data, schemaShape.safeParse(other).data]
  if (!wanted?.required || !given?.properties) return false
  return wanted.required.some((name) => !given.required?.includes(name))
}

const typeOf = (schema: Schema): string => {
  if ('const' in schema) return JSON.stringify(schema.const)
  if (schema.enum) return union(schema.enum.map((value) => JSON.stringify(value)))
  const alternatives = schema.anyOf ?? schema.oneOf
  if (alternatives) return union(alternatives.map(typeOfSchema))
  if (schema.allOf) return intersection(schema.allOf.map(typeOfSchema))
  if (Array.isArray(schema.type)) return union(schema.type.map((type) => typeOf({ ...schema, type })))
  switch (schema.type) {
    case 'string':
      return schema.format === 'binary' ? 'Buffer' : 'string'
    case 'number':
    case 'integer':
      return 'number'
    case 'boolean':
    case 'null':
      return schema.type
    case 'array':
      return `Array<${typeOfSchema(schema.items)}>`
    case 'object':
      return objectType(schema)
    default:
      return schema.not ? 'undefined' : 'unknown'
  }
}

const objectType = ({ properties, required = [], additionalProperties }: Schema): string => {
  if (!properties) {
    const isOpen = typeof additionalProperties === 'object' && additionalProperties !== null
    return `Record<string, ${isOpen ? typeOfSchema(additionalProperties) : 'unknown'}>`
  }
  const members = Object.entries(properties).map(([key, value]) => {
    const name = /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)
    return `${name}${required.includes(key) ? '' : '?'}: ${typeOfSchema(value)}`
  })
  return members.length > 0 ? `{ ${members.join('; ')} }` : '{}'
}

const union = (types: string[]): string => [...new Set(types)].join(' | ') || 'never'

/** Returns a type that fits all of these. */
export const intersection = (types: string[]): string => {
  const parts = [...new Set(types)]
  return parts.length === 1 ? (parts[0] ?? 'unknown') : parts.map((type) => `(${type})`).join(' & ') || 'unknown'
}
