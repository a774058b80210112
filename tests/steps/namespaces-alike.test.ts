import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ApiRouteConfig, CronConfig, Emit, EventConfig } from 'motia'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { looseTopics } from '../../packages/motia-runtime/src/steps/loose-topics'
import { namespaces } from '../support/namespaces'
import { ROOT } from '../support/server'
import './step-store'

/** The files of the specification: they are alike in all namespaces. `<ns>` is the namespace, `<Ns>` the namespace in a name. */
const STEPS: Record<string, { name: string; trigger: string; emits: string[] }> = {
  'create-pet.step.ts': {
    name: '<Ns>CreatePet',
    trigger: 'POST /<ns>/pets',
    emits: ['<ns>.pet.created', '<ns>.job.postcreate.enqueued'],
  },
  'get-pets.step.ts': { name: '<Ns>ListPets', trigger: 'GET /<ns>/pets', emits: [] },
  'get-pet.step.ts': { name: '<Ns>GetPet', trigger: 'GET /<ns>/pets/:id', emits: [] },
  'update-pet.step.ts': {
    name: '<Ns>UpdatePet',
    trigger: 'PUT /<ns>/pets/:id',
    emits: ['<ns>.pet.soft.deleted', '<ns>.feeding.reminder.enqueued'],
  },
  'delete-pet.step.ts': {
    name: '<Ns>DeletePet',
    trigger: 'DELETE /<ns>/pets/:id',
    emits: ['<ns>.pet.soft.deleted'],
  },
  'postcreate-lite.job.step.ts': {
    name: '<Ns>PostCreateLite',
    trigger: 'events <ns>.job.postcreate.enqueued <ns>.feeding.reminder.enqueued',
    emits: ['<ns>.job.postcreate.completed'],
  },
  'deletion-reaper.cron.step.ts': {
    name: '<Ns>DeletionReaper',
    trigger: 'cron 0 2 * * *',
    emits: ['<ns>.pet.purged', '<ns>.reaper.completed'],
  },
  'audit-trail.job.step.ts': {
    name: '<Ns>AuditTrail',
    trigger:
      'events <ns>.pet.created <ns>.job.postcreate.completed <ns>.pet.soft.deleted <ns>.pet.purged <ns>.reaper.completed',
    emits: [],
  },
}

const [original, ...others] = namespaces
if (!original) throw new Error('There is no namespace')

/** The text of a file of the first namespace as another namespace's file must be. */
const translate = (text: string, { namespace, prefix }: (typeof namespaces)[number]): string =>
  text
    .replaceAll(new RegExp(`\\b${original.namespace}\\b`, 'g'), namespace)
    .replaceAll(new RegExp(`\\b${original.prefix}(?=[A-Z])`, 'g'), prefix)

const readOrNull = (file: string): string | null =>
  existsSync(join(ROOT, file)) ? readFileSync(join(ROOT, file), 'utf8') : null

/** How a file differs from the one that it must be like, in words; null if it does not. */
const differenceOf = (file: string, actual: string | null, model: string, expected: string | null): string | null => {
  if (actual === expected) return null
  if (actual === null) return `${file} is missing: ${model} exists`
  if (expected === null) return `${model} is missing: ${file} exists`
  const [found, wanted] = [actual.split('\n'), expected.split('\n')]
  const line = Math.max(found.length, wanted.length) - 1
  const first =
    Array.from({ length: line }, (_, index) => index).find((index) => found[index] !== wanted[index]) ?? line
  const show = (text: string | undefined) => (text === undefined ? 'nothing' : JSON.stringify(text))
  return `${file}:${first + 1} is ${show(found[first])}, but ${model} asks for ${show(wanted[first])}`
}

describe('differenceOf', () => {
  test.each([
    ['a\nb', 'a\nb', null],
    [null, null, null],
    ['a\nc', 'a\nb', 'f:2 is "c", but m asks for "b"'],
    ['a', 'a\nb', 'f:2 is nothing, but m asks for "b"'],
    ['a\nb', 'a', 'f:2 is "b", but m asks for nothing'],
    [null, 'a', 'f is missing: m exists'],
    ['a', null, 'm is missing: f exists'],
  ])('When the file is %j and must be %j, then it is %j', (actual, expected, difference) => {
    expect(differenceOf('f', actual, 'm', expected)).toBe(difference)
  })
})

const pathOf = (folder: string, name: string): string => join('steps', folder, name)

/** The files of the specification, and their code features, which are optional. */
const files = Object.keys(STEPS).flatMap((name) => [name, name.replace(/\.ts$/, '.ts-features.json')])

test.each(Object.keys(STEPS))(`When %s is looked for in steps/${original.folder}, then it is there`, (name) => {
  expect(existsSync(join(ROOT, pathOf(original.folder, name)))).toBe(true)
})

describe.each(others)('steps/$folder', (other) => {
  test.each(files)(
    `When %s is compared with that of steps/${original.folder}, then only the namespace differs`,
    (name) => {
      const [file, model] = [pathOf(other.folder, name), pathOf(original.folder, name)]
      const text = readOrNull(model)
      expect(differenceOf(file, readOrNull(file), model, text === null ? null : translate(text, other))).toBeNull()
    },
  )
})

type StepConfig = ApiRouteConfig | EventConfig | CronConfig

interface StepModule {
  config: StepConfig
  handler: unknown
}

const triggerOf = (config: StepConfig): string => {
  if (config.type === 'api') return `${config.method} ${config.path}`
  if (config.type === 'cron') return `cron ${config.cron}`
  return `events ${config.subscribes.join(' ')}`
}

const topicOf = (emit: Emit): string => (typeof emit === 'string' ? emit : emit.topic)

const subscribed = (config: StepConfig): string[] => (config.type === 'event' ? config.subscribes : [])

/** Every step of the namespaces: those of the specification, and any other that a namespace has. */
const steps = await Promise.all(
  namespaces.flatMap(({ namespace, prefix, folder }) =>
    readdirSync(join(ROOT, 'steps', folder))
      .filter((name) => name.endsWith('.step.ts'))
      .map(async (name) => {
        const { config, handler }: StepModule = await import(join(ROOT, pathOf(folder, name)))
        return { file: pathOf(folder, name), namespace, prefix, wanted: STEPS[name], config, handler }
      }),
  ),
)

describe.each(steps.filter(({ wanted }) => wanted))('$file', ({ namespace, prefix, wanted, config, handler }) => {
  const inNamespace = (text: string) => text.replaceAll('<ns>', namespace).replaceAll('<Ns>', prefix)

  test('When it is read, then it has the name, trigger, topics and flow of the specification', () => {
    expect({
      name: config.name,
      trigger: triggerOf(config),
      emits: config.emits.map(topicOf),
      flows: config.flows,
    }).toEqual({
      name: inNamespace(wanted?.name ?? ''),
      trigger: inNamespace(wanted?.trigger ?? ''),
      emits: wanted?.emits.map(inNamespace),
      flows: ['pets'],
    })
    expect(config.description).toMatch(/\w/)
    expect(handler).toBeTypeOf('function')
  })
})

const flows = z
  .array(z.object({ id: z.string() }))
  .parse(JSON.parse(readFileSync(join(ROOT, 'motia-workbench.json'), 'utf8')))
  .map(({ id }) => id)

describe.each(steps)('$file', ({ namespace, config }) => {
  test('When it emits or subscribes to topics, or has a path, then they are of its own namespace', () => {
    const topics = [...config.emits.map(topicOf), ...subscribed(config)]
    expect(topics.filter((topic) => !topic.startsWith(`${namespace}.`))).toEqual([])
    if (config.type === 'api') expect(config.path.split('/')[1]).toBe(namespace)
  })

  test('When it names a flow, then motia-workbench.json has it', () => {
    expect(flows).toEqual(expect.arrayContaining(config.flows ?? []))
  })
})

test('When a step knows a topic, then another one emits it or subscribes to it', () => {
  const defined = steps.map(({ file, config }) => ({ filePath: join(ROOT, file), version: '1', config }))
  expect(looseTopics(ROOT, defined)).toEqual([])
})
