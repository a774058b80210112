import { mkdirSync, readFileSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import type { ApiRouteConfig, CronConfig, EventConfig, Step, StepConfig } from 'motia'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { makeTempDir } from '../../../../tests/support/temp-dir'
import { type ProjectTypes, typesText, writeTypesFile } from '../../src/steps/types-file'

const stepOf = (config: StepConfig): Step => ({ filePath: `steps/${config.name}.step.ts`, version: '1', config })

const api = (config: Partial<ApiRouteConfig>): Step =>
  stepOf({ type: 'api', name: 'Create', method: 'POST', path: '/pets', emits: [], ...config })
const job = (config: Partial<EventConfig>): Step =>
  stepOf({ type: 'event', name: 'Job', subscribes: ['pet.created'], emits: [], ...config })
const cron = (config: Partial<CronConfig>): Step =>
  stepOf({ type: 'cron', name: 'Reaper', cron: '0 2 * * *', emits: [], ...config })

const typesOf = (steps: Step[], rest: Partial<ProjectTypes> = {}): string =>
  typesText({ steps, streams: [], topics: {}, ...rest })

/** The type of a step's handler, in the text of a `types.d.ts`. */
const handlerIn = (text: string, name: string): string | undefined =>
  text
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line.startsWith(`'${name}': `))
    ?.slice(name.length + 4)

const petSchema = z.object({ petId: z.string() })

describe('the handler of a step', () => {
  test('When it is an API step, then its body, its responses and its events are typed', () => {
    const text = typesOf(
      [
        api({
          bodySchema: z.object({ name: z.string() }),
          responseSchema: { 201: petSchema, 400: z.object({ message: z.string() }) },
          emits: ['pet.created', { topic: 'pet.sold', label: 'sold' }],
        }),
      ],
      { topics: { 'pet.created': petSchema, 'pet.sold': z.object({ price: z.int() }) } },
    )
    expect(handlerIn(text, 'Create')).toBe(
      'ApiRouteHandler<{ name: string }, ' +
        'ApiResponse<201, { petId: string }> | ApiResponse<400, { message: string }>, ' +
        "{ topic: 'pet.created'; data: { petId: string } } | { topic: 'pet.sold'; data: { price: number } }>",
    )
  })

  test('When it has no schemas and emits nothing, then that is what its type says', () => {
    expect(handlerIn(typesOf([api({})]), 'Create')).toBe('ApiRouteHandler<Record<string, unknown>, unknown, never>')
    expect(handlerIn(typesOf([job({})]), 'Job')).toBe('EventHandler<unknown, never>')
    expect(handlerIn(typesOf([cron({})]), 'Reaper')).toBe('CronHandler<never>')
  })

  test('When its schemas are JSON Schema, as in the steps that Motia has read, then they have the same effect', () => {
    const input = z.toJSONSchema(petSchema, { target: 'draft-7' })
    expect(handlerIn(typesOf([job({ input })]), 'Job')).toBe('EventHandler<{ petId: string }, never>')
  })

  test('When it is a noop step, then it has no handler', () => {
    const noop = stepOf({ type: 'noop', name: 'Outside', virtualEmits: ['pet.created'], virtualSubscribes: [] })
    expect(handlerIn(typesOf([noop]), 'Outside')).toBeUndefined()
  })
})

describe('the data of a topic', () => {
  const emitter = api({ emits: ['pet.created'] })

  test('When the project gives a schema for it, then that is the type, if no subscriber requires more', () => {
    const inputs = [z.object({}), petSchema.partial(), z.object({ other: z.string().optional() })]
    const subscribers = [...inputs.map((input) => job({ input })), job({ name: 'Other' })]
    const text = typesOf([emitter, ...subscribers], { topics: { 'pet.created': petSchema } })
    expect(handlerIn(text, 'Create')).toContain("{ topic: 'pet.created'; data: { petId: string } }")
  })

  test('When a subscriber requires a field that the schema of the project lacks, then the data must have both', () => {
    const subscriber = job({ input: z.object({ petId: z.string(), colour: z.string() }) })
    const text = typesOf([emitter, subscriber], { topics: { 'pet.created': petSchema } })
    expect(handlerIn(text, 'Create')).toContain('data: ({ petId: string }) & ({ petId: string; colour: string }) }')
  })

  test('When it has one subscriber, then the data has the type of its input', () => {
    expect(handlerIn(typesOf([emitter, job({ input: petSchema })]), 'Create')).toContain('data: { petId: string } }')
  })

  test('When it has two subscribers, then the data must fit both', () => {
    const text = typesOf([
      emitter,
      job({ input: petSchema }),
      job({ name: 'Other', input: z.object({ name: z.string() }) }),
    ])
    expect(handlerIn(text, 'Create')).toContain('data: ({ petId: string }) & ({ name: string }) }')
    expect(handlerIn(text, 'Job')).toBe('EventHandler<{ petId: string }, never>')
  })

  test('When two subscribers take the same, or one takes anything, then the type is simply that of the other', () => {
    const same = [job({ input: petSchema }), job({ name: 'Other', input: petSchema }), job({ name: 'Third' })]
    expect(handlerIn(typesOf([emitter, ...same]), 'Create')).toContain('data: { petId: string } }')
  })

  test('When nobody subscribes to it, then it may be anything', () => {
    expect(handlerIn(typesOf([emitter]), 'Create')).toContain("{ topic: 'pet.created'; data: unknown }")
  })
})

describe('the text', () => {
  test('When steps are registered in another order, then the text is the same', () => {
    const steps = [api({}), job({}), cron({})]
    expect(typesOf(steps.toReversed())).toBe(typesOf(steps))
  })

  test('When there are streams, then each has its type, except hidden ones', () => {
    const stream = (name: string, hidden = false) => ({
      filePath: `steps/${name}.stream.ts`,
      hidden,
      config: { name, schema: z.object({ id: z.string() }), baseConfig: { storageType: 'default' as const } },
    })
    const text = typesOf([], { streams: [stream('notes'), stream('__motia.logs', true)] })
    expect(text).toContain("'notes': MotiaStream<{ id: string }>")
    expect(text).not.toContain('__motia.logs')
  })

  test('When names, topics and keys contain quotes or backslashes, then it is still valid TypeScript', () => {
    const odd = `it's a "\\" name`
    const text = typesOf([
      api({ name: odd, emits: [odd] }),
      job({ subscribes: [odd], input: z.object({ [odd]: z.string() }) }),
    ])
    expect(problemsIn({ 'types.d.ts': text })).toEqual([])
  })
})

/** The part of Motia's types to which `types.d.ts` refers. */
const MOTIA = `
export interface ApiResponse<Status, Body> { status: Status; body: Body }
export interface Context<Emit> { emit(event: Emit): Promise<void> }
export type ApiRouteHandler<Body, Response, Emit> = (request: { body: Body }, context: Context<Emit>) => Promise<Response>
export type EventHandler<Input, Emit> = (input: Input, context: Context<Emit>) => Promise<void>
export type CronHandler<Emit> = (context: Context<Emit>) => Promise<void>
export interface MotiaStream<Data> { get(id: string): Promise<Data> }
export interface FlowContextStateStreams {}
export interface Handlers {}`

/** Returns the compiler's errors for some files of a project that uses those types. */
const problemsIn = (files: Record<string, string>): string[] => {
  const all: Record<string, string> = { '/motia.d.ts': MOTIA }
  for (const [name, text] of Object.entries(files)) all[`/${name}`] = text
  const options: ts.CompilerOptions = {
    ...{ strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, lib: ['lib.es2015.d.ts'], types: [] },
    ...{ module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, skipDefaultLibCheck: true },
  }
  const host = ts.createCompilerHost(options)
  const { getSourceFile } = host
  host.getSourceFile = (name, ...rest) => {
    const text = all[name]
    return text === undefined ? getSourceFile(name, ...rest) : ts.createSourceFile(name, text, ts.ScriptTarget.ES2022)
  }
  host.resolveModuleNameLiterals = (names) =>
    names.map(() => ({ resolvedModule: { resolvedFileName: '/motia.d.ts', extension: ts.Extension.Dts } }))
  const program = ts.createProgram(Object.keys(all), options, host)
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`)
}

describe('the compiler', () => {
  const steps = [
    api({ emits: ['pet.created', 'pet.sold'] }),
    job({ input: petSchema }),
    job({ name: 'Audit', input: z.object({ type: z.string() }), subscribes: ['pet.created', 'pet.sold'] }),
  ]
  const topics = {
    'pet.created': z.object({ type: z.literal('pet.created'), petId: z.string() }),
    'pet.sold': z.object({ type: z.literal('pet.sold'), price: z.number() }),
  }
  const emitting = (event: string) => ({
    'types.d.ts': typesOf(steps, { topics }),
    'create.ts': `
      import type { Handlers } from 'motia'
      export const handler: Handlers['Create'] = async (_, { emit }) => { await emit(${event}) }`,
  })

  test('When a step emits the data of a topic, then it compiles', () => {
    expect(problemsIn(emitting(`{ topic: 'pet.created', data: { type: 'pet.created', petId: '1' } }`))).toEqual([])
    expect(problemsIn(emitting(`{ topic: 'pet.sold', data: { type: 'pet.sold', price: 7 } }`))).toEqual([])
  })

  test.each([
    [`{ topic: 'pet.sold', data: { type: 'pet.created', petId: '1' } }`],
    [`{ topic: 'pet.created', data: { type: 'pet.created' } }`],
    [`{ topic: 'pet.purged', data: {} }`],
  ])('When a step emits %s, then it does not', (event) => {
    const problems = problemsIn(emitting(event))
    expect(problems.length).toBeGreaterThan(0)
    for (const problem of problems) expect(problem).toMatch(/^\/create\.ts: .* is not assignable to /)
  })
})

describe('writeTypesFile', () => {
  const types: ProjectTypes = { steps: [api({})], streams: [], topics: {} }

  test('When the file differs, or is not there, then it is written', () => {
    const root = makeTempDir()
    writeTypesFile(root, types)
    expect(readFileSync(join(root, 'types.d.ts'), 'utf8')).toBe(typesText(types))
    writeTypesFile(root, { ...types, steps: [] })
    expect(readFileSync(join(root, 'types.d.ts'), 'utf8')).toBe(typesText({ ...types, steps: [] }))
  })

  test('When the file is the same, then it is not written: editors check everything again if it is', () => {
    const root = makeTempDir()
    const file = join(root, 'types.d.ts')
    writeTypesFile(root, types)
    utimesSync(file, 1, 1)
    writeTypesFile(root, types)
    expect(statSync(file).mtimeMs).toBe(1_000)
  })

  test('When the file cannot be written, then the error says so', () => {
    const root = makeTempDir()
    mkdirSync(join(root, 'types.d.ts'))
    expect(() => writeTypesFile(root, types)).toThrow(/EISDIR/)
  })
})
