import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ApiRouteConfig, CronConfig, Emit, EventConfig } from 'motia'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../support/server'
import './pet-file'

const FOLDERS = { js: 'javascript', ts: 'typescript', py: 'python' } as const

const folderOf = (ns: keyof typeof FOLDERS): string => join(ROOT, 'steps', FOLDERS[ns])

const filesOf = (ns: keyof typeof FOLDERS): string[] => readdirSync(folderOf(ns)).sort()

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** The text of a file of `js` as another namespace's file must be. */
const translate = (text: string, ns: string): string =>
  text.replace(/\bjs\b/g, ns).replace(/\bJs(?=[A-Z])/g, capitalised(ns))

/** Where two texts of a file differ first, in words; null where they don't. */
const firstDifference = (file: string, expected: string, actual: string): string | null => {
  const wanted = expected.split('\n')
  const found = actual.split('\n')
  const index = wanted.findIndex((line, number) => line !== found[number])
  const line = index < 0 && found.length > wanted.length ? wanted.length : index
  if (line < 0) return null
  return `${file}:${line + 1} is ${JSON.stringify(found[line])} where steps/javascript asks for ${JSON.stringify(wanted[line])}`
}

describe('the first difference of two texts', () => {
  test.each([
    ['a\nb', 'a\nb', null],
    ['a\nb', 'a\nc', 'f:2 is "c" where steps/javascript asks for "b"'],
    ['a\nb', 'a', 'f:2 is undefined where steps/javascript asks for "b"'],
    ['a', 'a\nb', 'f:2 is "b" where steps/javascript asks for undefined'],
  ])('of %j and %j is %j', (expected, actual, difference) => {
    expect(firstDifference('f', expected, actual)).toBe(difference)
  })
})

test('the folders of the three namespaces hold the same files, and nothing but files', () => {
  expect(filesOf('ts')).toEqual(filesOf('js'))
  expect(filesOf('py')).toEqual(filesOf('js'))
  for (const folder of Object.values(FOLDERS)) {
    const entries = readdirSync(join(ROOT, 'steps', folder), { withFileTypes: true })
    expect(entries.filter((entry) => !entry.isFile()).map(({ name }) => name)).toEqual([])
  }
  expect(readdirSync(join(ROOT, 'steps')).sort()).toEqual(Object.values(FOLDERS).sort())
})

describe.each(['ts', 'py'] as const)('the folder of %s', (ns) => {
  test.each(filesOf('js'))('differs from that of js in the namespace and nothing else: %s', (name) => {
    const original = readFileSync(join(folderOf('js'), name), 'utf8')
    const file = join('steps', FOLDERS[ns], name)
    const actual = readFileSync(join(ROOT, file), 'utf8')
    expect(firstDifference(file, translate(original, ns), actual)).toBeNull()
    // Else the file would be the same in all three, namespace included.
    if (name.endsWith('.step.ts')) expect(actual).not.toBe(original)
  })
})

interface StepFile {
  config: ApiRouteConfig | EventConfig | CronConfig
  handler: unknown
}

/** Every step as decisions.md has it, `<ns>` for the namespace and `<Ns>` for it in a name. */
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

const triggerOf = (config: StepFile['config']): string => {
  if (config.type === 'api') return `${config.method} ${config.path}`
  if (config.type === 'cron') return `cron ${config.cron}`
  return `events ${config.subscribes.join(' ')}`
}

const topicOf = (emit: Emit): string => (typeof emit === 'string' ? emit : emit.topic)

const load = async (ns: keyof typeof FOLDERS, file: string): Promise<StepFile> => import(join(folderOf(ns), file))

const steps = await Promise.all(
  (['js', 'ts', 'py'] as const).flatMap((ns) =>
    Object.entries(STEPS).map(async ([file, wanted]) => ({ ns, file, wanted, step: await load(ns, file) })),
  ),
)

test('there are 24 steps, and each has a test here', () => {
  expect(steps).toHaveLength(24)
  expect(filesOf('js').filter((name) => name.endsWith('.step.ts'))).toEqual(Object.keys(STEPS).sort())
  expect(new Set(steps.map(({ step }) => step.config.name)).size).toBe(24)
})

describe.each(steps)('$ns: $file', ({ ns, wanted, step: { config, handler } }) => {
  const inNamespace = (text: string) => text.replaceAll('<ns>', ns).replaceAll('<Ns>', capitalised(ns))

  test('has its name, its trigger and its topics, and belongs to the one flow', () => {
    expect(config.name).toBe(inNamespace(wanted.name))
    expect(triggerOf(config)).toBe(inNamespace(wanted.trigger))
    expect(config.emits.map(topicOf)).toEqual(wanted.emits.map(inNamespace))
    expect(config.flows).toEqual(['pets'])
    expect(config.description).toMatch(/\w/)
    expect(handler).toBeTypeOf('function')
  })

  test('speaks of no namespace but its own', () => {
    const subscribed = config.type === 'event' ? config.subscribes : []
    for (const topic of [...config.emits.map(topicOf), ...subscribed]) expect(topic.split('.')[0]).toBe(ns)
    if (config.type === 'api') expect(config.path.split('/')[1]).toBe(ns)
  })

  test('emits nothing that nobody hears', () => {
    const heard = steps.flatMap(({ step }) => (step.config.type === 'event' ? step.config.subscribes : []))
    for (const topic of config.emits.map(topicOf)) expect(heard.filter((other) => other === topic)).toHaveLength(1)
  })
})
