import { execFileSync } from 'node:child_process'
import { afterEach, describe, expect, test } from 'vitest'
import { loadProject, type Project } from '../../src/steps/project'
import { apiStep, makeProject } from './temp-project'

const opened: Project[] = []

afterEach(async () => {
  for (const { modules } of opened.splice(0)) await modules.close()
})

const load = async (root: string, shared: string[] = []): Promise<Project> => {
  const project = await loadProject(root, shared)
  opened.push(project)
  return project
}

/** The lines that a start prints if it fails. */
const problemsOf = async (root: string): Promise<string[]> => {
  const error: unknown = await load(root).then(
    () => null,
    (reason) => reason,
  )
  return error instanceof Error ? `✗ ${error.message}`.split('\n') : []
}

const NOTES = `
  import { z } from 'zod'
  export const config = { name: 'notes', schema: z.object({ text: z.string() }), baseConfig: { storageType: 'default' } }
`

describe('When a project is loaded', () => {
  test('then its steps and streams are there, in service, and its warnings', async () => {
    const { root, path } = makeProject({
      'steps/a.step.ts': apiStep('A'),
      'src/b.step.js': apiStep('B'),
      'steps/n.step.ts': "export const config = { type: 'noop', name: 'N', virtualEmits: [], virtualSubscribes: [] }",
      'steps/notes.stream.ts': NOTES,
      'steps/p_step.py': '',
      'src/hooks.ts': 'export const hooks = { here: true }',
    })
    const { steps, streams, modules, warnings } = await load(root, [path('src/hooks.ts')])
    expect(steps.map(({ config }) => config.name).toSorted()).toEqual(['A', 'B', 'N'])
    expect(streams).toMatchObject([{ filePath: path('steps/notes.stream.ts'), config: { name: 'notes' } }])
    expect(await modules.step(path('src/b.step.js'))?.handler()).toEqual({ status: 200, body: 'ok' })
    expect(modules.module('src/hooks.ts')).toMatchObject({ hooks: { here: true } })
    expect(warnings).toEqual([expect.stringMatching(/^steps\/p_step\.py: skipped: Python/)])
  })

  test.each(['src', 'steps'])('then it needs no folder but %s', async (folder) => {
    const { root } = makeProject({ [`${folder}/a.step.ts`]: apiStep('A') })
    expect((await load(root)).steps).toHaveLength(1)
  })

  test('then topics that only one side knows are warnings', async () => {
    const { root } = makeProject({
      'steps/a.step.ts': apiStep('A').replace('emits: []', "emits: ['made', { topic: 'sold' }]"),
      'steps/b.step.ts': `
        export const config = { type: 'event', name: 'B', subscribes: ['made', 'solt'], emits: [] }
        export const handler = async () => {}`,
    })
    expect((await load(root)).warnings).toEqual([
      'steps/a.step.ts: emits sold, to which no step subscribes: its events are dropped',
      'steps/b.step.ts: subscribes to solt, which no step emits: check the topic in both steps',
    ])
  })

  test('then it may have no step at all', async () => {
    expect(await load(makeProject().root)).toMatchObject({ steps: [], streams: [] })
  })
})

/** Returns why a separate process, in which Node and not vitest imports the files, cannot load a project. */
const problemsInNode = (root: string): string => {
  const script = new URL('./print-problems.ts', import.meta.url).pathname
  return execFileSync(process.execPath, ['--import', 'tsx', script, root], { encoding: 'utf8', timeout: 30_000 })
}

describe('When files of a project are invalid', () => {
  test('then every one is reported with its name, also beside one that does not compile', async () => {
    const { root } = makeProject({
      'src/shared.ts': "export const shared = 'x'\nthrow new Error('no')\n",
      'steps/a.step.ts': 'export const config = {\n',
      'steps/b.step.ts': "export { shared } from '../src/shared'\n",
      'steps/c.step.ts': "export { shared } from '../src/shared'\n",
      'steps/d.step.ts': apiStep('D', "'ok'", "method: 'get', oops: 1"),
      'steps/e.step.ts': "export const config = { type: 'cron', name: 'E', cron: '61 * * * *', emits: [] }\n",
      'steps/f.step.ts': 'export const handler = () => {}\n',
      'steps/g.step.ts': apiStep('G'),
      'steps/h.stream.ts': "export const config = { name: 'h' }\n",
    })
    expect(await problemsOf(root)).toEqual([
      expect.stringMatching(/^✗ steps\/a\.step\.ts:2:1: /),
      '✗ src/shared.ts:2:7: Error: no (imported by steps/b.step.ts and steps/c.step.ts)',
      expect.stringMatching(/^✗ steps\/d\.step\.ts: method: /),
      expect.stringMatching(/^✗ steps\/d\.step\.ts: unknown key "oops" /),
      expect.stringMatching(/^✗ steps\/e\.step\.ts: cron: the cron expression "61 \* \* \* \*" is invalid: /),
      '✗ steps/e.step.ts: exports no handler function',
      '✗ steps/f.step.ts: exports no config',
      '✗ steps/h.stream.ts: schema: is missing',
      '✗ steps/h.stream.ts: baseConfig: is missing',
    ])
  })

  test('then a server, whose files Node imports and not vitest, reports lines of the source as well', () => {
    const { root } = makeProject({
      'src/numbers.ts': 'interface Unused { a: string }\n\nexport const number = [].at(0)!.valueOf()\n',
      'steps/a.step.ts': "export { number } from '../src/numbers'\n",
      'steps/b.step.ts': "export { number } from '../src/numbers'\n",
    })
    const output = problemsInNode(root)
    expect(output).toMatch(
      /^src\/numbers\.ts:3:\d+: TypeError: .* \(imported by steps\/a\.step\.ts and steps\/b\.step\.ts\)\n$/,
    )
  })

  const event = (name: string, topic: string) => `
    export const config = { type: 'event', name: '${name}', subscribes: ['${topic}'], emits: [] }
    export const handler = () => {}`

  test.each([
    [
      'have the same name',
      apiStep('A'),
      apiStep('A', "'ok'", "path: '/b'"),
      'the name A is already used by the step in steps/a.step.ts',
    ],
    [
      'have the same route',
      apiStep('A'),
      apiStep('B', "'ok'", "path: '/A'"),
      'GET /A is already served by the step in steps/a.step.ts',
    ],
    [
      'have the same route but for the names of parameters, case, and a slash',
      apiStep('A', "'ok'", "path: '/pets/:id'"),
      apiStep('B', "'ok'", "path: '/Pets/:name/'"),
      'GET /Pets/:name/ is already served by the step in steps/a.step.ts',
    ],
    [
      'have the same queue',
      event('b.C', 'a'),
      event('C', 'a.b'),
      'the queue a.b.C is already used by the step in steps/a.step.ts',
    ],
  ])('since two steps %s, then the second one is reported', async (_, first, second, problem) => {
    const { root } = makeProject({ 'steps/a.step.ts': first, 'steps/b.step.ts': second })
    expect(await problemsOf(root)).toEqual([`✗ steps/b.step.ts: ${problem}`])
  })

  test('since two streams have the same name, then the second one is reported', async () => {
    const { root } = makeProject({ 'steps/a.stream.ts': NOTES, 'steps/b.stream.ts': NOTES })
    expect(await problemsOf(root)).toEqual([
      '✗ steps/b.stream.ts: the name notes is already used by the stream in steps/a.stream.ts',
    ])
  })

  test('since three steps are the same, then two of them are reported', async () => {
    const files = ['a', 'b', 'c'].map((name) => [`steps/${name}.step.ts`, apiStep('A')])
    expect(await problemsOf(makeProject(Object.fromEntries(files)).root)).toHaveLength(2)
  })

  test('since two steps differ in method alone, then nothing is reported', async () => {
    const { root } = makeProject({
      'steps/a.step.ts': apiStep('A'),
      'steps/b.step.ts': apiStep('B', "'ok'", "path: '/A', method: 'PUT'"),
    })
    expect(await problemsOf(root)).toEqual([])
  })
})

test('When package.json says that the project has CommonJS modules, then its steps are loaded', () => {
  const { root } = makeProject({ 'package.json': '{ "type": "commonjs" }', 'steps/a.step.ts': apiStep('A') })
  expect(problemsInNode(root)).toBe('')
})
