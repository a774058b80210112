import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { ApiObject } from './description'

const jsonSchema = z.looseObject({
  $defs: z.record(z.string(), z.unknown()).optional(),
  definitions: z.record(z.string(), z.unknown()).optional(),
})

/** Collects the schemas of a document: those with an id (`.meta({ id: 'Pet' })`) become components, which the others refer to. */
export class Components {
  readonly schemas: Record<string, ApiObject> = {}
  readonly #originals = new Map<string, unknown>()

  /**
   * Returns a schema, in zod or JSON Schema, as the document has it. `input` is what a client may send, `output` what it gets.
   * `place` names the parts that have no name of their own. Throws if JSON Schema cannot express it.
   */
  schemaOf(schema: unknown, io: 'input' | 'output', place: string): ApiObject {
    const { $schema: _, $defs, definitions, ...root } = jsonSchema.parse(toJsonSchema(schema, io))
    const parts = Object.entries({ ...definitions, ...$defs })
    const names = new Map(parts.map(([key, part]) => [key, this.#nameFor(key, part, place)]))
    const rename = (part: unknown): ApiObject =>
      JSON.parse(JSON.stringify(part), (key, value) =>
        key === '$ref' && typeof value === 'string' ? this.#target(value, names, place) : value,
      )
    for (const [key, part] of parts) this.schemas[names.get(key) ?? key] = rename(part)
    const result = rename(root)
    // A schema that contains itself.
    if (!JSON.stringify(root).includes('"$ref":"#"')) return result
    this.schemas[place] = result
    return { $ref: `#/components/schemas/${place}` }
  }

  /** Whether a schema that `schemaOf` has returned is that of an object. */
  isObject(schema: ApiObject | undefined): boolean {
    const { $ref, type } = schema ?? {}
    return typeof $ref === 'string' ? this.isObject(this.schemas[$ref.replace(/.*\//, '')]) : type === 'object'
  }

  /** What is sent and what is received may differ under one id, for example by a field with a default. */
  #nameFor(key: string, part: unknown, place: string): string {
    const base = key.startsWith('__') ? place + key : key
    let name = base
    for (let count = 2; this.#originals.has(name); count++) {
      if (isDeepStrictEqual(this.#originals.get(name), part)) return name
      name = `${base}${count}`
    }
    this.#originals.set(name, part)
    return name
  }

  #target(reference: string, names: ReadonlyMap<string, string>, place: string): string {
    if (reference === '#') return `#/components/schemas/${place}`
    const key = reference.replace(/^#\/(\$defs|definitions)\//, '')
    return `#/components/schemas/${names.get(key) ?? key}`
  }
}

const toJsonSchema = (schema: unknown, io: 'input' | 'output'): unknown =>
  schema instanceof z.ZodType ? z.toJSONSchema(schema, { io, override: allowMore }) : schema

/** A client should expect fields that are added later. zod says of each object that it returns that it has no others. */
const allowMore: z.core.ToJSONSchemaParams['override'] = ({ zodSchema, jsonSchema }) => {
  const { def } = zodSchema._zod
  if (def.type === 'object' && !def.catchall) delete jsonSchema.additionalProperties
}
