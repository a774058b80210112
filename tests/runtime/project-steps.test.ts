import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { MemoryStreamAdapterManager, type MotiaStream, NoPrinter } from 'motia'
import { afterEach, describe, expect, test } from 'vitest'
import { findStepFiles, readStep, StepRegistry } from '../../src/runtime/project-steps'
import { StepModules } from '../../src/runtime/step-modules'
import { ROOT } from '../support/server'
import { makeTempDir } from '../support/temp-dir'

const opened: StepModules[] = []

afterEach(async () => {
  for (const modules of opened.splice(0)) await modules.close()
})

const makeProject = (files: Record<string, string>) => {
  const root = makeTempDir('project-steps-')
  for (const folder of ['steps', 'src']) mkdirSync(join(root, folder))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(root, file, '..'), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  return root
}

test('the step files of a project are those of steps/ and src/, however deep, and nothing else', () => {
  const root = makeProject({
    'steps/a.step.ts': '',
    'steps/javascript/create-pet.step.ts': '',
    'steps/javascript/create-pet.step.ts-features.json': '',
    'steps/javascript/old_step.ts': '',
    'steps/javascript/js-store.ts': '',
    'src/pets/pets.ts': '',
    'src/deep/er/b.step.ts': '',
    'tests/c.step.ts': '',
  })
  expect(
    findStepFiles(root)
      .map((file) => relative(root, file))
      .toSorted(),
  ).toEqual([
    ...['src/deep/er/b.step.ts', 'steps/a.step.ts', 'steps/javascript/create-pet.step.ts'],
    'steps/javascript/old_step.ts',
  ])
})

describe('the step of a file', () => {
  const read = async (text: string) => {
    const root = makeProject({ 'steps/a.step.ts': text })
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
    const modules = await StepModules.load(root, [join(root, 'steps/a.step.ts')])
    opened.push(modules)
    return readStep(modules, join(root, 'steps/a.step.ts'))
  }

  test('has the config of the file, without what cannot be written down', async () => {
    const { config, filePath } = await read(`
      const schema = { type: 'object', properties: { name: { type: 'string' } } }
      export const config = {
        type: 'api', name: 'A', method: 'POST', path: '/a', emits: ['a'], middleware: [async () => {}],
        bodySchema: schema, responseSchema: { 201: schema },
      }
      export const handler = async () => ({ status: 201, body: {} })
    `)
    const schema = { type: 'object', properties: { name: { type: 'string' } } }
    expect(filePath).toMatch(/steps\/a\.step\.ts$/)
    expect(config).toEqual({
      ...{ type: 'api', name: 'A', method: 'POST', path: '/a', emits: ['a'], middleware: [null] },
      ...{ bodySchema: schema, responseSchema: { 201: schema } },
    })
  })

  test('has JSON Schema where the file has zod', async () => {
    const { config } = await read(`
      import { z } from 'zod'
      const pet = z.object({ name: z.string() })
      export const config = {
        type: 'api', name: 'A', method: 'POST', path: '/a', emits: [], bodySchema: pet, responseSchema: { 201: pet },
      }
      export const handler = async () => ({ status: 201, body: {} })
    `)
    const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
    expect(config).toMatchObject({ bodySchema: schema, responseSchema: { 201: schema } })
  })

  test.each([
    ['no handler', "export const config = { type: 'noop', name: 'A' }"],
    ['no config', 'export const handler = () => {}'],
    ['a handler that is no function', "export const config = {}\nexport const handler = 'x'"],
  ])('with %s is refused, by its name', async (_, text) => {
    await expect(read(text)).rejects.toThrow(/steps\/a\.step\.ts must export a config and a handler/)
  })
})

test("a stream's factory is called once, however often Motia asks and wraps: else each call would add a layer", () => {
  const root = makeTempDir()
  const registry = new StepRegistry(root, new MemoryStreamAdapterManager(), new NoPrinter())
  let made = 0
  const stream: MotiaStream<unknown> = {
    get: async () => null,
    set: async (_groupId, id, data) => Object.assign({}, data, { id }),
    delete: async () => null,
    getGroup: async () => [],
    send: async () => {},
  }
  const factory = () => {
    made += 1
    return stream
  }
  const config = {
    name: 'trace',
    schema: { type: 'null' as const },
    baseConfig: { storageType: 'custom' as const, factory },
  }
  registry.createStream({ filePath: 'trace', config }, { disableTypeCreation: true })
  const streams = Array.from({ length: 5 }, () => registry.getStreams().trace?.())
  expect(made).toBe(1)
  expect(new Set(streams).size).toBe(1)
})
