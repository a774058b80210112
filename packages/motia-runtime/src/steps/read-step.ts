import type { Step, StepConfig, StreamConfig } from 'motia'
import { z } from 'zod'
import { errorMessage } from '../errors'
import { fn, issueLines, type ShapeOf, strict } from './config-schema'
import { inlineJsonSchema } from './json-schema'
import { motiaProblems, stepConfigProblems } from './step-config'
import { exportsOf } from './step-modules'
import type { StreamFile } from './step-registry'

/** What a file defines, or its problems, one line each. */
export type ReadFile<T> = { defined: T } | { problems: string[] }

/**
 * Returns the step that a file's module defines. Its config has the form that Motia's own reader (`node/get-config`)
 * produces: JSON Schema instead of zod, and no functions.
 */
export const readStep = (filePath: string, module: unknown): ReadFile<Step> => {
  const { config, handler } = exportsOf(module)
  if (config === undefined) return { problems: ['exports no config'] }
  const problems = stepConfigProblems(config)
  const isDrawnOnly = z.looseObject({ type: z.literal('noop') }).safeParse(config).success
  if (typeof handler !== 'function' && !isDrawnOnly) problems.push('exports no handler function')
  if (problems.length > 0) return { problems }
  try {
    const step: Step = { filePath, version: '1', config: plainConfig(config) }
    const further = motiaProblems(step)
    return further.length > 0 ? { problems: further } : { defined: step }
  } catch (error) {
    return { problems: [`a schema is not JSON Schema: ${errorMessage(error)}`] }
  }
}

const plainConfig = (config: unknown): StepConfig => {
  const { input, bodySchema, responseSchema, ...rest } = Object(config)
  const schemas = {
    input: asJsonSchema(input),
    bodySchema: asJsonSchema(bodySchema),
    responseSchema:
      responseSchema &&
      Object.fromEntries(Object.entries(responseSchema).map(([status, schema]) => [status, asJsonSchema(schema)])),
  }
  return JSON.parse(JSON.stringify({ ...rest, ...schemas }))
}

/** Returns a zod schema as JSON Schema, and other values unchanged. Throws if JSON Schema cannot express it. */
const asJsonSchema = (schema: unknown): unknown => (schema instanceof z.ZodType ? inlineJsonSchema(schema) : schema)

const streamSchema = strict({
  name: z
    .string()
    .regex(/^(?!__motia\.|motia-trace)[^:\p{Cc}]+$/u, 'must not be empty, contain a colon, or be a name of Motia’s'),
  schema: z.looseObject({}),
  baseConfig: z.discriminatedUnion('storageType', [
    strict({ storageType: z.literal('default') }),
    strict({ storageType: z.literal('custom'), factory: fn }),
  ]),
  canAccess: fn.optional(),
} satisfies ShapeOf<StreamConfig>)

/** Returns the stream that a file's module defines. */
export const readStream = (filePath: string, module: unknown): ReadFile<StreamFile> => {
  const { config } = exportsOf(module)
  if (config === undefined) return { problems: ['exports no config'] }
  const { success, error } = streamSchema.safeParse(config)
  if (!success) return { problems: issueLines(error.issues, config) }
  try {
    const { schema, ...rest } = Object(config)
    return { defined: { filePath, config: { ...rest, schema: asJsonSchema(schema) } } }
  } catch (error) {
    return { problems: [`schema: is not JSON Schema: ${errorMessage(error)}`] }
  }
}
