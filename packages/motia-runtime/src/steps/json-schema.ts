import { z } from 'zod'

/**
 * The metadata of all schemas without their ids, because zod turns a schema with an id into a `$ref`, which Motia does
 * not follow.
 */
class MetadataWithoutIds extends z.core.$ZodRegistry<z.core.GlobalMeta> {
  override get<S extends z.core.$ZodType>(schema: S) {
    const { id: _, ...metadata } = z.globalRegistry.get(schema) ?? {}
    return metadata
  }
}

/** How a schema is read: see zod's `toJSONSchema`. */
type Reading = Pick<z.core.ToJSONSchemaParams, 'io' | 'unrepresentable'>

/** Returns a zod schema as JSON Schema (draft 7) without references. Throws if JSON Schema cannot express it. */
export const inlineJsonSchema = (schema: z.ZodType, reading: Reading = {}): unknown =>
  z.toJSONSchema(schema, { ...reading, target: 'draft-7', metadata: new MetadataWithoutIds() })
