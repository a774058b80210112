import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { ApiObject } from './description'

const jsonSchema = z.looseObject({
  $defs: z.record(z.string(), z.unknown()).optional(),
  definitions: z.record(z.string(), z.unknown()).optional(),
})

/**
 * Collects the schemas of a document. Schemas with an id (`.meta({ id: 'Pet' })`) become components, to which the
 * others refer.
 */
export class Components {
  readonly schemas: Record<string, ApiObject> = {}
  readonly #originals = new Map<string, unknown>()

  /**
   * Returns the document's form of a schema, which is in zod or JSON Schema. `input` is for what a client sends,
   * `output` for what it gets. `place` names parts without an id. Throws if JSON Schema cannot express the schema.
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

  /** Returns whether a schema from `schemaOf` describes an object. */
  isObject(schema: ApiObject | undefined): boolean {
    const { $ref, type } = schema ?? {}
    return typeof $ref === 'string' ? this.isObject(this.schemas[$ref.replace(/.*\//, '')]) : type === 'object'
  }

  /** Returns a component's name. Input and output of one id may differ, for example by a field with a default. */
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

/** Removes zod's claim that an object has no other fields: later versions may add some. */
const allowMore: z.core.ToJSONSchemaParams['override'] = ({ zodSchema, jsonSchema }) => {
  const { def } = zodSchema._zod
  if (def.type === 'object' && !def.catchall) delete jsonSchema.additionalProperties
}
