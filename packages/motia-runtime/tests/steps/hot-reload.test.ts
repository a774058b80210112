import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { relative } from 'node:path'
import { MemoryStreamAdapterManager, NoPrinter, type Step } from 'motia'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { watchSteps } from '../../src/steps/hot-reload'
import { loadProject } from '../../src/steps/project'
import { allSteps, StepRegistry } from '../../src/steps/step-registry'
import { apiStep, makeProject } from './temp-project'

const cleanUps: (() => Promise<unknown>)[] = []
/** The lines printed since the start of the test, and since `printed` last found its line. */
let output: string[] = []
let lines: string[] = []

beforeEach(() => {
  output = []
  lines = []
  for (const level of ['log', 'info', 'warn', 'error'] as const) {
    vi.spyOn(console, level).mockImplementation((...parts: unknown[]) => {
      for (const list of [output, lines]) list.push(parts.join(' '))
    })
  }
})

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
  vi.restoreAllMocks()
  syncBuiltinESMExports()
})

/** Loads a project, watches it, and records what is registered; resolves once the watch has begun. */
const watchProject = async (files: Record<string, string>, shared: string[] = []) => {
  const project = makeProject(files)
  const { root, path } = project
  const loaded = await loadProject(root, shared.map(path))
  cleanUps.push(() => loaded.modules.close())
  const lockedData = new StepRegistry(root, new MemoryStreamAdapterManager(), new NoPrinter())
  const QUIET = { disableTypeCreation: true }
  for (const step of loaded.steps) lockedData.createStep(step, QUIET)
  for (const stream of loaded.streams) lockedData.createStream(stream, QUIET)
  const calls: string[] = []
  const note = (what: string) => (step: Pick<Step, 'filePath' | 'config'>) => {
    calls.push(`${what} ${relative(root, step.filePath)} as ${step.config.name}`)
  }
  const reloads: string[][] = []
  const stop = watchSteps({
    ...loaded,
    root,
    lockedData,
    server: {
      addRoute: note('add route'),
      removeRoute: note('remove route'),
      cronManager: { createCronJob: note('add cron'), removeCronJob: note('remove cron') },
      motiaEventManager: { createHandler: note('add handler'), removeHandler: note('remove handler') },
    },
    onReload: (changed) => void reloads.push(changed.map((file) => relative(root, file))),
  })
  cleanUps.push(stop)
  const run = async (file: string) => loaded.modules.step(path(file))?.handler()
  const names = () => allSteps(lockedData).map(({ config }) => config.name)
  /** Waits until a line was printed since the last call. */
  const printed = async (text: string) => {
    await vi.waitFor(() => expect(lines.join('\n')).toContain(text), { timeout: 10_000, interval: 10 })
    lines = []
  }
  // The watch begins by checking for files that were saved before it began.
  project.write('src/begin.ts', '')
  project.write('steps/begin.step.ts', apiStep('Begin'))
  await printed('+ steps/begin.step.ts')
  calls.length = 0
  reloads.length = 0
  return { ...project, ...loaded, lockedData, calls, reloads, stop, run, names, printed }
}

const cronStep = (name: string, cron: string) => `
  export const config = { type: 'cron', name: '${name}', cron: '${cron}', emits: [] }
  export const handler = () => '${cron}'`

const stream = (name: string, canAccess = true) => `
  export const config = {
    name: '${name}', schema: { type: 'object', properties: {} }, baseConfig: { storageType: 'default' }, canAccess: () => ${canAccess},
  }`

describe('When a step is saved', () => {
  test('with other code, then that runs, and nothing is registered again', async () => {
    const { write, run, calls, reloads, printed } = await watchProject({ 'steps/a.step.ts': apiStep('A', "'old'") })
    expect(await run('steps/a.step.ts')).toMatchObject({ body: 'old' })
    write('steps/a.step.ts', apiStep('A', "'new'"))
    await printed('↻ steps/a.step.ts')
    expect(await run('steps/a.step.ts')).toMatchObject({ body: 'new' })
    expect(calls).toEqual([])
    expect(reloads).toEqual([['steps/a.step.ts']])
  })

  test('with another config, then the old one is removed and the new one is added', async () => {
    const { write, calls, lockedData, printed } = await watchProject({ 'steps/a.step.ts': apiStep('A') })
    write('steps/a.step.ts', apiStep('A', "'ok'", "path: '/other'"))
    await printed('↻ steps/a.step.ts')
    expect(calls).toEqual(['remove route steps/a.step.ts as A', 'add route steps/a.step.ts as A'])
    expect(lockedData.apiSteps().map(({ config }) => config.path)).toContain('/other')
  })

  test.each([
    ['a config that is invalid', apiStep('A', "'new'", "method: 'get'"), '✗ steps/a.step.ts: method: '],
    ['an unknown key', apiStep('A', "'new'", 'oops: 1'), '✗ steps/a.step.ts: unknown key "oops"'],
    [
      'a wrong cron expression',
      cronStep('A', '99 * * * *'),
      '✗ steps/a.step.ts: cron: the cron expression "99 * * * *"',
    ],
    [
      'no handler',
      "export const config = { type: 'api', name: 'A', method: 'GET', path: '/A', emits: [] }",
      'exports no handler function',
    ],
    [
      'the name of another step',
      apiStep('B', "'new'"),
      '✗ steps/a.step.ts: the name B is already used by the step in steps/b.step.ts',
    ],
    ['text that does not compile', 'export konst config', '✗ steps/a.step.ts:1:'],
    ['an error', "throw new Error('not today')", '✗ steps/a.step.ts:1:7: Error: not today'],
  ])('with %s, then the last good version stays in service until it is repaired', async (_, text, problem) => {
    const { write, run, calls, names, reloads, printed } = await watchProject({
      'steps/a.step.ts': apiStep('A', "'good'"),
      'steps/b.step.ts': apiStep('B'),
    })
    write('steps/a.step.ts', text)
    await vi.waitFor(() => expect(lines.join('\n')).toContain(problem), { timeout: 10_000 })
    await printed('The last good version stays in service')
    expect(await run('steps/a.step.ts')).toMatchObject({ body: 'good' })
    expect({ calls, reloads }).toEqual({ calls: [], reloads: [] })
    expect(names()).toEqual(expect.arrayContaining(['A', 'B']))
    write('steps/a.step.ts', apiStep('A', "'repaired'"))
    await printed('↻ steps/a.step.ts')
    expect(await run('steps/a.step.ts')).toMatchObject({ body: 'repaired' })
  })

  test('as one of another type, then it is that in all of Motia’s lists, also after the next change', async () => {
    const { write, calls, lockedData, printed } = await watchProject({ 'steps/a.step.ts': apiStep('A') })
    write('steps/a.step.ts', cronStep('A', '0 1 * * *'))
    await printed('↻ steps/a.step.ts')
    write('steps/a.step.ts', cronStep('A', '0 2 * * *'))
    await printed('↻ steps/a.step.ts')
    expect(calls).toEqual([
      ...['remove route steps/a.step.ts as A', 'add cron steps/a.step.ts as A'],
      ...['remove cron steps/a.step.ts as A', 'add cron steps/a.step.ts as A'],
    ])
    expect(lockedData.cronSteps().map(({ config }) => config.cron)).toEqual(['0 2 * * *'])
    expect(lockedData.apiSteps().map(({ config }) => config.name)).toEqual(['Begin'])
  })

  test('together with another one that takes its name, then they swap', async () => {
    const { write, calls, names, printed } = await watchProject({
      'steps/a.step.ts': apiStep('A', "'ok'", "path: '/one'"),
      'steps/b.step.ts': apiStep('B', "'ok'", "path: '/two'"),
    })
    write('steps/a.step.ts', apiStep('B', "'ok'", "path: '/one'"))
    write('steps/b.step.ts', apiStep('A', "'ok'", "path: '/two'"))
    await printed('↻ steps/b.step.ts')
    expect(names().toSorted()).toEqual(['A', 'B', 'Begin'])
    expect(calls.map((call) => call.split(' ')[0])).toEqual(['remove', 'remove', 'add', 'add'])
  })
})

describe('When a module that steps share is saved', () => {
  const files = {
    'src/shared.ts': "export const said = 'old'\nexport const path = '/a'\n",
    'steps/a.step.ts': `import { path, said } from '../src/shared'\n${apiStep('A', 'said', 'path')}`,
    'steps/b.step.ts': `import { said } from '../src/shared'\n${apiStep('B', 'said')}`,
    'steps/c.step.ts': apiStep('C'),
  }

  test('then all of them run it, and only a step whose config it changed is registered again', async () => {
    const { write, run, calls, reloads, printed } = await watchProject(files)
    write('src/shared.ts', "export const said = 'new'\nexport const path = '/other'\n")
    await printed('↻ steps/b.step.ts')
    for (const file of ['steps/a.step.ts', 'steps/b.step.ts']) expect(await run(file)).toMatchObject({ body: 'new' })
    expect(calls).toEqual(['remove route steps/a.step.ts as A', 'add route steps/a.step.ts as A'])
    expect(reloads).toEqual([['steps/a.step.ts', 'steps/b.step.ts']])
  })

  test('and the server uses it too, then the server has the same one', async () => {
    const { write, modules, run, reloads, printed } = await watchProject(files, ['src/shared.ts'])
    write('src/shared.ts', "export const said = 'new'\nexport const path = '/a'\n")
    await printed('↻ steps/b.step.ts')
    expect(modules.module<{ said: string }>('src/shared.ts').said).toBe('new')
    expect(await run('steps/b.step.ts')).toMatchObject({ body: 'new' })
    expect(reloads).toEqual([['steps/a.step.ts', 'steps/b.step.ts', 'src/shared.ts']])
  })

  test('and it fails, then it is reported once, with the line', async () => {
    const { write, run, printed } = await watchProject(files)
    write('src/shared.ts', "\nthrow new Error('not today')\nexport const said = '', path = ''\n")
    await vi.waitFor(() => expect(lines).toContain('The last good version stays in service'), { timeout: 10_000 })
    expect(lines.filter((line) => line.startsWith('✗'))).toEqual([
      '✗ src/shared.ts:2:7: Error: not today (imported by steps/a.step.ts and steps/b.step.ts)',
    ])
    expect(await run('steps/a.step.ts')).toMatchObject({ body: 'old' })
    write('src/shared.ts', files['src/shared.ts'].replace('old', 'repaired'))
    await printed('↻ steps/a.step.ts')
  })
})

describe('When files come and go', () => {
  test('then they are steps that do', async () => {
    const { write, remove, run, calls, names, reloads, printed } = await watchProject({})
    write('steps/more/a.step.js', apiStep('A'))
    await printed('+ steps/more/a.step.js')
    expect(await run('steps/more/a.step.js')).toMatchObject({ status: 200 })
    remove('steps/more')
    await printed('- steps/more/a.step.js')
    expect(names()).toEqual(['Begin'])
    expect(calls).toEqual(['add route steps/more/a.step.js as A', 'remove route steps/more/a.step.js as A'])
    expect(reloads).toEqual([['steps/more/a.step.js'], ['steps/more/a.step.js']])
  })

  test('then a step without a handler is only drawn', async () => {
    const { write, remove, calls, lockedData, printed } = await watchProject({})
    const noop =
      "export const config = { type: 'noop', name: 'N', flows: ['f'], virtualEmits: [], virtualSubscribes: [] }"
    write('steps/n.step.ts', noop)
    await printed('+ steps/n.step.ts')
    expect(lockedData.flows.f?.steps).toHaveLength(1)
    remove('steps/n.step.ts')
    await printed('- steps/n.step.ts')
    expect(lockedData.flows.f).toBeUndefined()
    expect(calls).toEqual([])
  })

  test('then a copy of a step is refused until the original is gone', async () => {
    const { write, remove, names, printed } = await watchProject({ 'steps/b.step.ts': apiStep('B') })
    write('steps/a.step.ts', apiStep('B'))
    await printed('✗ steps/a.step.ts: the name B is already used by the step in steps/b.step.ts')
    remove('steps/b.step.ts')
    await printed('+ steps/a.step.ts')
    expect(names().toSorted()).toEqual(['B', 'Begin'])
  })

  test('then a step in another language gets a warning, once', async () => {
    const { write, printed } = await watchProject({})
    write('steps/a_step.py', '')
    await printed('⚠ steps/a_step.py: skipped: Python')
    write('steps/b.step.ts', apiStep('B'))
    await vi.waitFor(() => expect(lines).toContain('+ steps/b.step.ts'), { timeout: 10_000 })
    expect(lines.join('\n')).not.toContain('a_step.py')
  })

  test('then a topic that no step subscribes to gets a warning, until one does', async () => {
    const { write, printed } = await watchProject({})
    write('steps/a.step.ts', apiStep('A').replace('emits: []', "emits: ['sold']"))
    await printed('⚠ steps/a.step.ts: emits sold, to which no step subscribes')
    const config = "{ type: 'event', name: 'B', subscribes: ['sold'], emits: [] }"
    write('steps/b.step.ts', `export const config = ${config}\nexport const handler = async () => {}`)
    await vi.waitFor(() => expect(lines).toContain('+ steps/b.step.ts'), { timeout: 10_000 })
    expect(lines.join('\n')).not.toContain('⚠')
  })

  test('then the files that an editor and macOS leave are ignored', async () => {
    const { write, names, printed } = await watchProject({})
    write('steps/._x.step.ts', 'not code')
    write('steps/x.step.ts~', 'not code')
    write('steps/y.step.ts', apiStep('Y'))
    await printed('+ steps/y.step.ts')
    expect(names().toSorted()).toEqual(['Begin', 'Y'])
  })

  test('then so do links, and a change to the target of one is loaded', async () => {
    const { write, link, run, printed } = await watchProject({})
    write('elsewhere/a.step.ts', apiStep('A', "'old'"))
    link('steps/a.step.ts', 'elsewhere/a.step.ts')
    await printed('+ steps/a.step.ts')
    expect(await run('steps/a.step.ts')).toMatchObject({ body: 'old' })
    write('elsewhere/a.step.ts', apiStep('A', "'new'"))
    await printed('↻ steps/a.step.ts')
    expect(await run('steps/a.step.ts')).toMatchObject({ body: 'new' })
  })

  test('then streams do as well, and keep their items when they change', async () => {
    const { write, remove, lockedData, printed } = await watchProject({})
    write('steps/notes.stream.ts', stream('notes'))
    await printed('+ steps/notes.stream.ts')
    await lockedData.getStreams().notes?.().set('all', '1', { text: 'hello' })
    const mayJoin = () => lockedData.getStreamByName('notes')?.config.canAccess?.({ groupId: 'all' }, null)
    expect(mayJoin()).toBe(true)
    write('steps/notes.stream.ts', stream('notes', false))
    await printed('↻ steps/notes.stream.ts')
    expect(mayJoin()).toBe(false)
    expect(await lockedData.getStreams().notes?.().get('all', '1')).toMatchObject({ text: 'hello' })
    write('steps/notes.stream.ts', stream('letters'))
    await printed('↻ steps/notes.stream.ts')
    expect(Object.keys(lockedData.getStreams())).toEqual(['letters'])
    remove('steps/notes.stream.ts')
    await printed('- steps/notes.stream.ts')
    expect(lockedData.listStreams()).toEqual([])
  })
})

describe('When something is in the way of watching', () => {
  /** Makes the system refuse to watch the paths that `isRefused` accepts. */
  const refuse = (code: string, isRefused: (path: string) => boolean) => {
    const { watch } = fs
    vi.spyOn(fs, 'watch').mockImplementation((...args: Parameters<typeof watch>) => {
      const path = String(args[0])
      if (isRefused(path)) throw Object.assign(new Error(`${code}: watch '${path}'`), { code, path })
      return watch(...args)
    })
    syncBuiltinESMExports()
  }

  test('since the system watches too many files, then it is reported once, and the server goes on', async () => {
    refuse('ENOSPC', () => true)
    const { root } = makeProject({ 'steps/a.step.ts': apiStep('A'), 'steps/b/b.step.ts': apiStep('B') })
    const loaded = await loadProject(root)
    cleanUps.push(() => loaded.modules.close())
    const lockedData = new StepRegistry(root, new MemoryStreamAdapterManager(), new NoPrinter())
    // Nothing is put into service in this test.
    const server = { cronManager: {}, motiaEventManager: {} } as Parameters<typeof watchSteps>[0]['server']
    const stop = watchSteps({ ...loaded, root, lockedData, server })
    await vi.waitFor(() => expect(lines.join('\n')).toContain('ENOSPC'), { timeout: 10_000 })
    await stop()
    expect(lines.filter((line) => line.includes('ENOSPC'))).toEqual([
      expect.stringMatching(/^⚠ Hot reload misses changes: .* \(ENOSPC\)\. Raise fs\.inotify\.max_user_watches/),
    ])
  })

  test('since one folder may not be read, then it is reported, and the rest is watched', async () => {
    refuse('EACCES', (path) => path.endsWith('secret'))
    const { write, printed } = await watchProject({ 'steps/a.step.ts': apiStep('A'), 'steps/secret/x.ts': '' })
    write('steps/a.step.ts', apiStep('A', "'new'"))
    await printed('↻ steps/a.step.ts')
    expect(output).toContain('⚠ Hot reload misses changes to steps/secret (EACCES): restart after a change')
  })

  test('because a link leads to its own folder, then the rest is still watched', async () => {
    const { write, link, printed } = await watchProject({ 'steps/a.step.ts': apiStep('A') })
    link('steps/round', 'steps')
    write('steps/b.step.ts', apiStep('B'))
    await printed('+ steps/b.step.ts')
    write('steps/b.step.ts', apiStep('B', "'new'"))
    await printed('↻ steps/b.step.ts')
  })

  test('since a folder is not there yet, then it is watched once it is', async () => {
    const { write, remove, printed } = await watchProject({})
    remove('steps')
    await printed('- steps/begin.step.ts')
    write('steps/new.step.ts', apiStep('New'))
    await printed('+ steps/new.step.ts')
  })
})
