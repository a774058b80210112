import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Emit, isApiStep, isCronStep, isEventStep, type Step } from 'motia'
import { z } from 'zod'
import { inlineJsonSchema } from './json-schema'
import { intersection, requiresMore, typeOfSchema } from './schema-type'
import type { StreamFile } from './step-registry'

/** The contents of a project's `types.d.ts`. */
export interface ProjectTypes {
  steps: readonly Step[]
  streams: readonly StreamFile[]
  /**
   * The schema of each topic's data. A topic without one gets a type that fits the `input` of all its subscribers. A
   * topic with one must also fit an `input` that requires more, so that `emit` does not compile without it.
   */
  topics: Readonly<Record<string, z.ZodType>>
}

/**
 * Writes `types.d.ts` in the form of Motia's generator, if it has changed. Unlike in Motia's, `emit` has the exact data
 * of each topic, and a topic with several subscribers does not become `never`.
 */
export const writeTypesFile = (root: string, types: ProjectTypes): void => {
  const file = join(root, 'types.d.ts')
  const text = typesText(types)
  let before: string | undefined
  try {
    before = readFileSync(file, 'utf8')
  } catch {
    // The file does not exist yet.
  }
  // Writing would make editors and compilers that watch the file check everything again.
  if (text !== before) writeFileSync(file, text)
}

/** Returns the text of `types.d.ts`. */
export const typesText = ({ steps, streams, topics }: ProjectTypes): string => {
  const topicType = topicTypes(steps, topics)
  const handlers = steps
    .map((step) => [step.config.name, handlerType(step, topicType)] as const)
    .filter(([, type]) => type !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const streamTypes = streams
    .filter(({ hidden }) => !hidden)
    .map(({ config }) => `${quote(config.name)}: MotiaStream<${typeOfSchema(jsonSchemaOf(config.schema))}>`)
    .sort()
  return `/**
 * Written by \`motia-runtime types\` and by the development server. Do not edit.
 */
import { ApiResponse, ApiRouteHandler, CronHandler, EventHandler, MotiaStream } from 'motia'

declare module 'motia' {
  interface FlowContextStateStreams {
    ${streamTypes.join('\n    ')}
  }

  interface Handlers {
    ${handlers.map(([name, type]) => `${quote(name)}: ${type}`).join('\n    ')}
  }
}
`
}

const quote = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`

const jsonSchemaOf = (schema: unknown): unknown =>
  schema instanceof z.ZodType ? inlineJsonSchema(schema, { io: 'input', unrepresentable: 'any' }) : schema

/** Returns a function from a topic to the type of its data. */
const topicTypes = (steps: readonly Step[], topics: ProjectTypes['topics']): ((topic: string) => string) => {
  const subscribers = steps.filter(isEventStep).filter(({ config }) => config.input)
  return (topic) => {
    const inputs = subscribers
      .filter(({ config }) => config.subscribes.includes(topic))
      .map(({ config }) => jsonSchemaOf(config.input))
    if (!topics[topic]) return intersection(inputs.map(typeOfSchema))
    const data = jsonSchemaOf(topics[topic])
    return intersection([data, ...inputs.filter((input) => requiresMore(input, data))].map(typeOfSchema))
  }
}

const handlerType = (step: Step, topicType: (topic: string) => string): string | null => {
  const emits: Emit[] = 'emits' in step.config ? (step.config.emits ?? []) : []
  const emitted = emits
    .map((emit) => (typeof emit === 'string' ? emit : emit.topic))
    .map((topic) => `{ topic: ${quote(topic)}; data: ${topicType(topic)} }`)
  const emit = emitted.join(' | ') || 'never'
  if (isEventStep(step)) return `EventHandler<${typeOfSchema(jsonSchemaOf(step.config.input))}, ${emit}>`
  if (isCronStep(step)) return `CronHandler<${emit}>`
  if (!isApiStep(step)) return null
  const { bodySchema, responseSchema } = step.config
  const body = bodySchema ? typeOfSchema(jsonSchemaOf(bodySchema)) : 'Record<string, unknown>'
  const responses = Object.entries(responseSchema ?? {}).map(
    ([status, schema]) => `ApiResponse<${status}, ${typeOfSchema(jsonSchemaOf(schema))}>`,
  )
  return `ApiRouteHandler<${body}, ${responses.join(' | ') || 'unknown'}, ${emit}>`
}
