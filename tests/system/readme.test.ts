import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { startChild } from '../support/child'
import { logLines } from '../support/log-lines'
import { type Block, blocksOf, relativeLinksOf } from '../support/markdown'
import { petsApi } from '../support/pets-api'
import { copyProject, type ProjectCopy } from '../support/project-copy'
import { ROOT, serverEnvironment, startServer, type TestServer } from '../support/server'
import { answersOf, runCurlBlock } from '../support/shell'
import { waitFor } from '../support/wait-for'
import { lineWithoutTimes, withoutTimes } from '../support/without-times'

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
const blocks = blocksOf(readme)

/** Whoever reads it should know what runs a block, and so should this test: each mark is handled below. */
const STARTS = ['run: server', 'run: tests', 'console: server', 'console: tests']
const IN_ORDER = [
  ...['run: curl', 'run: curl on an empty store', 'run: curl after the jobs', 'run: shell', 'answer', 'answers'],
  ...['answers: audit', 'console: js', 'console: reaper', 'edit: cron', 'pet', 'file: pets.json'],
]

const titleOf = ({ line, text }: Block): string => `line ${line}: ${text.split('\n')[0]}`

const parseLines = (text: string): unknown[] => text.split('\n').map((line) => JSON.parse(line))

test('Every command and every JSON text of the README is marked for a test', () => {
  expect(blocks.length).toBeGreaterThan(20)
  const unmarked = blocks.filter(({ language, mark }) => ['bash', 'json'].includes(language) && mark === '')
  expect(unmarked.map(titleOf)).toEqual([])
  const unknown = blocks.filter(({ mark }) => mark !== '' && ![...STARTS, ...IN_ORDER].includes(mark))
  expect(unknown.map(({ mark }) => mark)).toEqual([])
  // A fence that the parser has missed would not be tested.
  expect(readme.split('\n').filter((line) => line.startsWith('```'))).toHaveLength(2 * blocks.length)
})

test('Every file that the README links to is there', () => {
  const links = relativeLinksOf(readme)
  expect(links.length).toBeGreaterThan(4)
  expect(links.filter((link) => !existsSync(join(ROOT, link)))).toEqual([])
})

test('The table of settings names every variable that is read, and no other', () => {
  const table = readme.slice(readme.indexOf('<!-- settings -->')).split('\n\n')[0] ?? ''
  const told = Array.from(table.matchAll(/^\| `([A-Z_]+)`/gm), ([, name]) => name)
  const source = readFileSync(join(ROOT, 'src/settings.ts'), 'utf8')
  const read = Array.from(source.matchAll(/^ {2}([A-Z_]+): /gm), ([, name]) => name)
  expect(told.sort()).toEqual(read.sort())
})

test('Every npm script that the README names is there', () => {
  const named = new Set(Array.from(readme.matchAll(/`npm run ([\w:]+)/g), ([, name]) => name))
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  expect(named.size).toBeGreaterThan(4)
  expect([...named].filter((name) => !Object.hasOwn(scripts, String(name)))).toEqual([])
})

test('The topics and step files that the README names are those that there are', () => {
  const folder = join(ROOT, 'steps/javascript')
  const steps = readdirSync(folder).filter((name) => name.endsWith('.step.ts'))
  for (const step of steps) expect(readme).toContain(`├── ${step}`)
  const sources = steps.map((step) => readFileSync(join(folder, step), 'utf8')).join('\n')
  const used = new Set(Array.from(sources.matchAll(/'js\.([a-z.]+)'/g), ([, topic]) => topic))
  const told = new Set(Array.from(readme.matchAll(/^\| `<ns>\.([a-z.]+)`/gm), ([, topic]) => topic))
  expect([...told].sort()).toEqual([...used].sort())
})

describe('the commands that start something', () => {
  let project: ProjectCopy
  beforeAll(() => {
    project = copyProject()
  })

  const withoutPlace = (line: string): string =>
    line
      .replace(/http:\/\/127\.0\.0\.1:\d+/, 'http://HERE')
      .replace(/Data: \S+\/\.data\//, 'Data: HERE/')
      .replace(/Redis on port \d+/, 'Redis on port N')
      .trimEnd()

  const servers = blocks.filter(({ mark }) => mark === 'run: server')
  test.each(servers.map((block) => ({ block, title: titleOf(block) })))('$title', async ({ block }) => {
    const server = await startServer({
      root: project.root,
      dataDir: join(project.root, '.data'),
      command: ['bash', '-c', block.text],
      // Packages are there already: npm only looks whether all is as the lock file says.
      env: { npm_config_dry_run: 'true', npm_config_offline: 'true', npm_config_update_notifier: 'false' },
    })
    await petsApi(server.url, 'js').createWithJob()
    const next = blocks[blocks.indexOf(block) + 1]
    if (next?.mark === 'console: server') {
      const printed = server.output().split('\n').map(withoutPlace)
      const start = printed.findIndex((line) => line.startsWith('🐾'))
      const expected = next.text.split('\n').map(withoutPlace)
      expect(printed.slice(start, start + expected.length)).toEqual(expected)
    }
    await server.stop('SIGINT', { wholeGroup: true })
  })

  const testRuns = blocks.filter(({ mark }) => mark === 'run: tests')
  test.each(testRuns.map((block) => ({ block, title: titleOf(block) })))('$title', async ({ block }) => {
    // All tests, one of which is this, would never end: the copy has a single one.
    project.write(
      'tests/small.test.ts',
      "import { expect, test } from 'vitest'\n\ntest('small', () => {\n  expect(1).toBe(1)\n})\n",
    )
    for (const file of [
      'vitest.config.ts',
      'biome.json',
      '.gitignore',
      'tests/support/stop-servers.ts',
      'tests/support/child.ts',
      'tests/support/temp-dir.ts',
      'tests/support/wait-for.ts',
    ]) {
      project.write(file, readFileSync(join(ROOT, file), 'utf8'))
    }
    const run = startChild(['bash', '-c', block.text], { cwd: project.root, env: serverEnvironment({ NO_COLOR: '1' }) })
    const { code } = await run.exited
    expect({ code, output: code === 0 ? '' : run.output() }).toEqual({ code: 0, output: '' })
    const expected = blocks[blocks.indexOf(block) + 1]
    expect(expected?.mark).toBe('console: tests')
    const printed = run
      .output()
      .split('\n')
      .map((line) => line.trim())
    const places = expected?.text.split('\n').map((line) => printed.indexOf(line.trim())) ?? []
    expect(places).not.toContain(-1)
    expect([...places].sort((a, b) => a - b)).toEqual(places)
  })
})

describe('the commands that use the store, in the order of the README', () => {
  let project: ProjectCopy
  let server: TestServer
  /** What the last command printed. */
  let stdout = ''
  /** Where the server's output begins that belongs to the current store. */
  let from = 0
  beforeAll(async () => {
    project = copyProject()
    server = await startServer({ mode: 'dev', root: project.root })
  })
  const jobsDone = () =>
    waitFor(
      () => {
        const audit = server.audit()
        return Object.values(server.store().pets).every(
          ({ id, createdAt, owedJob }) =>
            owedJob === undefined &&
            audit.some(({ data }) => data.petId === id && data.enqueuedAt !== undefined) &&
            audit.some(({ data }) => data.petId === id && data.createdAt === createdAt),
        )
      },
      { what: 'the jobs', timeout: 30_000, seen: server.audit },
    )

  const emptyStore = async () => {
    await jobsDone()
    for (const file of ['pets.json', 'audit.jsonl']) rmSync(join(server.dataDir, file), { force: true })
    from = server.output().length
  }

  const curl = async (text: string) => {
    stdout = ''
    // Who types this waits a second for the job; a busy machine may need more.
    for (const [index, part] of text.split(/^sleep 1$/m).entries()) {
      if (index > 0) await jobsDone()
      stdout += await runCurlBlock(part, server.url, 'js')
    }
  }

  const buddy = () => petsApi(server.url, 'js').createWithJob({ name: 'Buddy', species: 'dog', ageMonths: 24 })

  const printedBy = (step: string): string[] =>
    logLines(server.output().slice(from))
      .filter((line) => line.step.startsWith(step))
      .map(({ text }) => lineWithoutTimes(text))

  const byTopic = (lines: unknown[]) => lines.map((line) => JSON.stringify(withoutTimes(line))).sort()

  const handlers: Record<string, (text: string) => Promise<void>> = {
    'run: curl': curl,
    'run: curl on an empty store': async (text) => {
      await emptyStore()
      await curl(text)
    },
    'run: curl after the jobs': async (text) => {
      await jobsDone()
      await curl(text)
    },
    'run: shell': async (text) => {
      await jobsDone()
      stdout = await runCurlBlock(text.replaceAll('.data/', `${server.dataDir}/`), server.url, 'js')
    },
    answer: async (text) => {
      expect(withoutTimes(answersOf(stdout).at(-1))).toEqual(withoutTimes(JSON.parse(text)))
    },
    answers: async (text) => {
      expect(withoutTimes(answersOf(stdout))).toEqual(withoutTimes(parseLines(text)))
    },
    'answers: audit': async (text) => {
      expect(byTopic(answersOf(stdout))).toEqual(byTopic(parseLines(text)))
    },
    'console: js': async (text) => {
      expect(printedBy('Js')).toEqual(text.split('\n').map(lineWithoutTimes))
    },
    pet: async (text) => {
      await emptyStore()
      const { id } = await buddy()
      await petsApi(server.url, 'js').remove(id).expect(202)
      const { body } = await petsApi(server.url, 'js').get(id).expect(200)
      expect(withoutTimes(body)).toEqual(withoutTimes(JSON.parse(text)))
    },
    'file: pets.json': async (text) => {
      await emptyStore()
      await buddy()
      const written = readFileSync(join(server.dataDir, 'pets.json'), 'utf8')
      expect(withoutTimes(JSON.parse(written))).toEqual(withoutTimes(JSON.parse(text)))
      // The layout counts too: people read this file.
      expect(lineWithoutTimes(written.trimEnd())).toBe(lineWithoutTimes(text))
    },
    'edit: cron': async (text) => {
      project.edit('steps/javascript/deletion-reaper.cron.step.ts', /cron: '.*',/, text)
      // Until the next minute begins.
      await server.printed('Deletion Reaper completed', { from, timeout: 90_000 })
    },
    'console: reaper': async (text) => {
      await waitFor(() => printedBy('JsDeletionReaper').length >= 3, { what: 'the whole run' })
      expect(printedBy('JsDeletionReaper')).toEqual(text.split('\n').map(lineWithoutTimes))
    },
  }

  const inOrder = blocks.filter(({ mark }) => IN_ORDER.includes(mark))
  test.each(inOrder.map((block) => ({ block, title: titleOf(block) })))('$title', async ({ block }) => {
    const handle = handlers[block.mark]
    if (!handle) throw new Error(`No test runs what is marked "${block.mark}"`)
    await handle(block.text)
  })
})
