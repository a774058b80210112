import { Router } from 'express'
import {
  type ApiRouteConfig,
  type CronConfig,
  type EventConfig,
  type InfrastructureConfig,
  LockedData,
  MemoryStreamAdapterManager,
  type NoopConfig,
  NoPrinter,
  PLUGIN_FLOW_ID,
  type Step,
} from 'motia'
import { z } from 'zod'
import { parseCron } from '../cron/cron-schedule'
import { checked, fn, issueLines, other, type ShapeOf, strict, unique } from './config-schema'

/** Paths that the server itself responds to. */
const TAKEN_PATHS = ['/health', '/livez', '/readyz', '/metrics']

// A queue is called `<topic>.<Step>`, which becomes part of a key in Redis. A step's name is also the name of a file.
const topic = z.string().regex(/^[^:]+$/, 'a topic must not be empty or contain a colon')
const name = z.string().regex(/^[^:/\\\p{Cc}]+$/u, 'must not be empty or contain a colon or slash')
const flow = z.string().refine((text) => text !== PLUGIN_FLOW_ID, 'is a flow that Motia hides')
const emits = z.array(
  z.preprocess(
    (emit) => (typeof emit === 'string' ? { topic: emit } : emit),
    strict({ topic, label: z.string().optional(), conditional: z.boolean().optional() }),
  ),
)

const path = checked((text) => {
  if (!text.startsWith('/')) throw new Error('must begin with a slash')
  if (TAKEN_PATHS.includes(text.toLowerCase())) throw new Error('is a path of the server itself')
  Router().route(text)
})

const infrastructure = strict({
  handler: strict({ ram: other, cpu: other, timeout: other } satisfies ShapeOf<InfrastructureConfig['handler']>),
  queue: strict({
    type: other,
    maxRetries: z.number().int().min(0).optional(),
    visibilityTimeout: z.number().positive().optional(),
    delaySeconds: z.number().min(0).optional(),
    concurrency: z.number().int().min(1).optional(),
  }),
} satisfies ShapeOf<InfrastructureConfig>).partial()

const common = {
  name,
  description: other,
  flows: unique(flow).optional(),
  virtualEmits: other,
  virtualSubscribes: other,
}

const schemas = {
  api: strict({
    ...common,
    type: z.literal('api'),
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD']),
    path,
    emits,
    middleware: z.array(fn).optional(),
    queryParams: other,
    bodySchema: other,
    responseSchema: other,
    includeFiles: other,
  } satisfies ShapeOf<ApiRouteConfig>),
  event: strict({
    ...common,
    type: z.literal('event'),
    subscribes: unique(topic),
    emits,
    input: other,
    infrastructure: infrastructure.optional(),
    includeFiles: other,
  } satisfies ShapeOf<EventConfig>),
  cron: strict({
    ...common,
    type: z.literal('cron'),
    cron: checked(parseCron),
    emits,
    includeFiles: other,
  } satisfies ShapeOf<CronConfig>),
  noop: strict({ ...common, type: z.literal('noop') } satisfies ShapeOf<NoopConfig>),
}

const typed = z.looseObject({ type: z.enum(['api', 'event', 'cron', 'noop']) })

/**
 * Returns the problems of the config that a step file exports, one line each, with the key and the value. Motia's own
 * schema finds more: see `motiaProblems`.
 */
export const stepConfigProblems = (config: unknown): string[] => {
  const { success, data, error } = typed.safeParse(config)
  if (!success) return issueLines(error.issues, config)
  const result = schemas[data.type].safeParse(config)
  return result.success ? [] : issueLines(result.error.issues, config)
}

/** Returns the problems that Motia's own schema finds in a step, one line each. */
export const motiaProblems = (step: Step): string[] => {
  const problems = validate(step)
  if (problems.length === 0) return []
  // Motia reports the place in a JSON Schema without the key of that schema.
  const key = ['input', 'bodySchema', 'responseSchema'].find(
    (schema) =>
      schema in step.config && validate({ ...step, config: { ...step.config, [schema]: undefined } }).length === 0,
  )
  return key ? problems.map((problem) => `${key}: ${problem}`) : problems
}

/** Returns Motia's validation errors. Motia exports its validation only as a part of creating a step. */
const validate = (step: Step): string[] => {
  const problems: string[] = []
  class Listener extends NoPrinter {
    override printValidationError(...[, { error, errors }]: Parameters<NoPrinter['printValidationError']>): void {
      problems.push(...(errors?.map(({ path, message }) => `${path}: ${message}`) ?? [String(error)]))
    }
  }
  new LockedData('', new MemoryStreamAdapterManager(), new Listener()).createStep(step, { disableTypeCreation: true })
  return problems
}
