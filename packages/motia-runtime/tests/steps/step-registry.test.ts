import { MemoryStreamAdapterManager, type MotiaStream, NoPrinter } from 'motia'
import { expect, test } from 'vitest'
import { StepRegistry, type StreamFile } from '../../src/steps/step-registry'

const newRegistry = () => new StepRegistry('/nowhere', new MemoryStreamAdapterManager(), new NoPrinter())

const QUIET = { disableTypeCreation: true }

const buildStream = (name: string, baseConfig: StreamFile['config']['baseConfig'] = { storageType: 'default' }) => ({
  filePath: `/nowhere/${name}.stream.ts`,
  config: { name, schema: { type: 'object' as const }, baseConfig },
})

const buildAdapter = (): MotiaStream<unknown> => ({
  get: async () => null,
  set: async (_groupId, id, data) => Object.assign({}, data, { id }),
  delete: async () => null,
  getGroup: async () => [],
  send: async () => {},
})

test('When Motia asks for a stream again and again, then its factory is called once: else each call would add a layer', () => {
  const registry = newRegistry()
  let made = 0
  const factory = () => {
    made += 1
    return buildAdapter()
  }
  registry.createStream(buildStream('trace', { storageType: 'custom', factory }), QUIET)
  const streams = Array.from({ length: 5 }, () => registry.getStreams().trace?.())
  expect(made).toBe(1)
  expect(new Set(streams).size).toBe(1)
})

test('When a stream is replaced, then its items stay; one of another name has its own', async () => {
  const registry = newRegistry()
  registry.createStream(buildStream('notes'), QUIET)
  await registry.getStreams().notes?.().set('all', '1', { text: 'hello' })
  const [old] = registry.listStreams()
  if (!old) throw new Error('There is no stream')

  registry.updateStream(old, { ...buildStream('notes'), factory: old.factory }, QUIET)
  expect(await registry.getStreams().notes?.().get('all', '1')).toMatchObject({ text: 'hello' })

  const [replaced = old] = registry.listStreams()
  registry.updateStream(replaced, { ...buildStream('letters'), factory: old.factory }, QUIET)
  expect(Object.keys(registry.getStreams())).toEqual(['letters'])
  expect(await registry.getStreams().letters?.().get('all', '1')).toBeNull()
})
