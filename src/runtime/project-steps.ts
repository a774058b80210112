import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { isApiStep, LockedData, type MotiaStream, type Step, type StepConfig, type Stream } from 'motia'
import { z } from 'zod'
import type { StepModules } from './step-modules'

/** The step files of a project, absolute and sorted, in Motia's folders: `steps/` and `src/`. */
export const findStepFiles = (root: string): string[] =>
  ['steps', 'src'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /[._]step\.ts$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort(),
  )

const asJsonSchema = (schema: unknown): unknown =>
  schema instanceof z.ZodType ? z.toJSONSchema(schema, { target: 'draft-7' }) : schema

/**
 * A step's config as the rest of Motia wants it: what Motia's own reader (`node/get-config`) makes of the module's, with
 * JSON Schema for zod and without functions. Motia validates it when the step is created.
 */
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

/** The step of a loaded file; throws where the file exports no config or no handler. */
export const readStep = (modules: StepModules, filePath: string): Step => {
  const module = modules.step(filePath)
  if (!module?.config || typeof module.handler !== 'function') {
    throw new Error(`${filePath} must export a config and a handler`)
  }
  return { filePath, version: '1', config: plainConfig(module.config) }
}

/**
 * Which other step has this one's name, by which queues, locks and traces know it, or answers the same requests, in words; null
 * where none does. Such a step is a copy, most likely, that was not yet made one of its own.
 */
export const describeDouble = (root: string, step: Step, others: Step[]): string | null => {
  const { name } = step.config
  const route = routeOf(step)
  for (const other of others.filter(({ filePath }) => filePath !== step.filePath)) {
    const file = relative(root, other.filePath)
    if (other.config.name === name) return `the name ${name} is that of the step in ${file}`
    if (route && route === routeOf(other)) return `${route} is answered by the step in ${file}`
  }
  return null
}

const routeOf = (step: Step): string | null => (isApiStep(step) ? `${step.config.method} ${step.config.path}` : null)

/**
 * Motia's registry of steps and streams, cured of its leak: Motia's server wraps what a stream's factory returns anew at
 * each call, and calls every factory for each step it runs; a trace stream returns one object, whose methods so grow a
 * layer with each call until the server hangs. Here each factory is called once.
 */
export class StepRegistry extends LockedData {
  override createStream<TData>(
    stream: Omit<Stream, 'factory'>,
    options?: { disableTypeCreation?: boolean },
  ): () => MotiaStream<TData> {
    const factory = super.createStream<TData>(stream, options)
    let made: MotiaStream<TData> | undefined
    const once = () => {
      made ??= factory()
      return made
    }
    // The parent keeps the very object it is given, and put its factory there.
    Object.assign(stream, { factory: once })
    return once
  }
}
