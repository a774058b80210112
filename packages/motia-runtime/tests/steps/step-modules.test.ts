import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { problemLines, StepModules } from '../../src/steps/step-modules'
import { apiStep, makeProject } from './temp-project'

const opened: StepModules[] = []

afterEach(async () => {
  for (const modules of opened.splice(0)) await modules.close()
})

/** A small project: two steps that share `count.ts`, one of which imports `greet.ts` as well. */
const setUp = () => {
  const project = makeProject({
    'src/count.ts': 'let calls = 0\nexport const count = (): number => ++calls\n',
    'src/greet.ts': "export const greet = (name: string): string => 'Hello ' + name\n",
    'steps/a.step.ts': `import { count } from '../src/count'
     import { greet } from '../src/greet'
     export const config = { type: 'noop', name: 'A' }
     export const handler = () => [greet('Rex'), count()]\n`,
    'steps/b.step.ts': `import { count } from '../src/count'
     export const config = { type: 'noop', name: 'B' }
     export const handler = () => count()\n`,
  })
  const a = project.path('steps/a.step.ts')
  const b = project.path('steps/b.step.ts')
  const modules = new StepModules(project.root)
  opened.push(modules)
  /** Rebuilds these files and puts every new version into service; returns those, and the problems as lines. */
  const rebuild = async (...files: string[]) => {
    const { changed, problems } = await modules.rebuild(files.length > 0 ? files : [a, b])
    for (const file of changed) modules.adopt(file)
    return { changed, problems: problemLines(problems) }
  }
  return {
    ...project,
    a,
    b,
    modules,
    rebuild,
    run: (file: string, ...input: unknown[]) => modules.step(file)?.handler(...input),
  }
}

describe('When files are loaded', () => {
  test('then the names of the folders above may look like patterns', async () => {
    const project = makeProject()
    const folder = 'a*b/{c,d}'
    const file = project.write(`${folder}/steps/a.step.ts`, apiStep('A'))
    const modules = new StepModules(project.path(folder))
    opened.push(modules)
    expect(problemLines((await modules.rebuild([file])).problems)).toEqual([])
    modules.adopt(file)
    expect(modules.step(file)?.config).toMatchObject({ name: 'A' })
  })

  test('then they are what they export, and share one instance of what they import', async () => {
    const { rebuild, modules, run, a, b } = setUp()
    await rebuild()
    expect(modules.step(a)?.config).toEqual({ type: 'noop', name: 'A' })
    expect(run(a)).toEqual(['Hello Rex', 1])
    expect(run(b)).toBe(2)
  })

  test('then a module that the server uses is shared with it, by its path in the project', async () => {
    const { rebuild, modules, run, path, a, b } = setUp()
    await rebuild(a, b, path('src/count.ts'))
    run(b)
    expect(modules.module<{ count: () => number }>('src/count.ts').count()).toBe(2)
  })

  test('then other files are not loaded', async () => {
    const { rebuild, modules, a, b } = setUp()
    await rebuild(a)
    expect(modules.step(b)).toBeUndefined()
    expect(() => modules.module('src/count.ts')).toThrow('src/count.ts is not among the loaded modules')
  })

  test('then a second server of the project gets the same files', async () => {
    const { rebuild, root, b } = setUp()
    await rebuild()
    const again = new StepModules(root)
    opened.push(again)
    await again.rebuild([b])
    expect(again.newest(b)).toHaveProperty('config', { type: 'noop', name: 'B' })
  })

  test('then what they were compiled to is in .motia, with no temporary file left', async () => {
    const { rebuild, root } = setUp()
    await rebuild()
    const files = readdirSync(join(root, '.motia', 'in-process'), { recursive: true, encoding: 'utf8' })
    expect(files.filter((file) => file.endsWith('.tmp'))).toEqual([])
    expect(existsSync(join(root, 'steps', '.motia'))).toBe(false)
  })

  test('then each one knows where its own source is, even if it is bundled with others', async () => {
    const { rebuild, run, write, path, a } = setUp()
    write(
      'src/greet.ts',
      "export const greet = () => [import.meta.url, import.meta.dirname, import.meta.filename, 'import.meta.url']",
    )
    await rebuild()
    const file = path('src/greet.ts')
    expect(run(a)).toEqual([[pathToFileURL(file).href, path('src'), file, 'import.meta.url'], 1])
  })

  test('then one that is CommonJS works as well', async () => {
    const { rebuild, modules, run, write, path } = setUp()
    write('steps/data.json', '{ "answer": 42 }')
    const file = write(
      'steps/c.step.js',
      `const { readFileSync } = require('node:fs')
       const { join } = require('node:path')
       const { Router } = require('express')
       module.exports = {
         config: { type: 'noop', name: 'C' },
         handler: () => [JSON.parse(readFileSync(join(__dirname, 'data.json'), 'utf8')), __filename, typeof Router],
       }`,
    )
    await rebuild(file)
    expect(modules.step(file)?.config).toEqual({ type: 'noop', name: 'C' })
    expect(run(file)).toEqual([{ answer: 42 }, path('steps/c.step.js'), 'function'])
  })

  test('then one behind a link finds its own neighbours', async () => {
    const { rebuild, run, write, path, link } = setUp()
    write(
      'elsewhere/c.step.ts',
      "import { two } from './two'\nexport const config = {}\nexport const handler = () => [two, import.meta.filename]",
    )
    write('elsewhere/two.ts', 'export const two = 2')
    link('steps/c.step.ts', 'elsewhere/c.step.ts')
    const file = path('steps/c.step.ts')
    expect(await rebuild(file)).toEqual({ changed: [file], problems: [] })
    expect(run(file)).toEqual([2, path('elsewhere/c.step.ts')])
  })
})

describe('When a file changes', () => {
  const B = "import { count } from '../src/count'\nexport const config = {}\nexport const handler = () => count()\n"

  test('then its new code runs, and what it imports keeps its state', async () => {
    const { rebuild, modules, run, write, a, b } = setUp()
    await rebuild()
    run(b)
    write('steps/b.step.ts', B.replace('count()', '-count()'))
    const before = modules.step(a)
    expect(await rebuild()).toEqual({ changed: [b], problems: [] })
    expect(run(b)).toBe(-2)
    expect(modules.step(a)).toBe(before)
  })

  test('and a step imports it, then that step changes, and the others keep theirs', async () => {
    const { rebuild, modules, run, write, a, b } = setUp()
    await rebuild()
    const before = modules.step(b)
    write('src/greet.ts', "export const greet = (name: string): string => 'Bye ' + name\n")
    expect(await rebuild()).toEqual({ changed: [a], problems: [] })
    expect(run(a)).toEqual(['Bye Rex', 1])
    expect(modules.step(b)).toBe(before)
    expect(run(b)).toBe(2)
  })

  test('and two steps import it, however far, then both change and share the new one', async () => {
    const { rebuild, run, write, a, b } = setUp()
    write('src/step-size.ts', 'export const STEP = 1\n')
    write(
      'src/count.ts',
      "import { STEP } from './step-size'\nlet calls = 0\nexport const count = () => (calls += STEP)\n",
    )
    await rebuild()
    write('src/step-size.ts', 'export const STEP = 10\n')
    const { changed } = await rebuild()
    expect(changed.toSorted()).toEqual([a, b])
    expect(run(b)).toBe(10)
    expect(run(a)).toEqual(['Hello Rex', 20])
  })

  test('and has the same text as before, then nothing is imported again', async () => {
    const { rebuild, write } = setUp()
    await rebuild()
    write('src/greet.ts', "export const greet = (name: string): string => 'Hello ' + name\n")
    expect(await rebuild()).toEqual({ changed: [], problems: [] })
  })

  test('and changes back, then the old code runs again', async () => {
    const { rebuild, run, write, b } = setUp()
    write('steps/b.step.ts', B)
    await rebuild(b)
    write('steps/b.step.ts', B.replace('count()', '0'))
    await rebuild(b)
    expect(run(b)).toBe(0)
    write('steps/b.step.ts', B)
    await rebuild(b)
    expect(run(b)).toBe(1)
  })

  test('then a call that is under way ends in the code it began in', async () => {
    const { rebuild, run, write, b } = setUp()
    write(
      'steps/b.step.ts',
      "export const config = {}\nexport const handler = async (wait) => { await wait; return 'old' }\n",
    )
    await rebuild(b)
    let go = () => {}
    const answer = run(b, new Promise<void>((resolve) => (go = resolve)))
    write('steps/b.step.ts', "export const config = {}\nexport const handler = async () => 'new'\n")
    await rebuild(b)
    go()
    expect(await answer).toBe('old')
    expect(await run(b)).toBe('new')
  })

  test('then its old version is in service until the new one is adopted', async () => {
    const { rebuild, modules, run, write, a, b } = setUp()
    write('steps/b.step.ts', B)
    await rebuild()
    write('steps/b.step.ts', B.replace('count()', '-count()'))
    expect((await modules.rebuild([a, b])).changed).toEqual([b])
    expect(run(b)).toBe(1)
    expect((await modules.rebuild([a, b])).changed).toEqual([b])
    modules.adopt(b)
    expect(run(b)).toBe(-2)
    expect((await modules.rebuild([a, b])).changed).toEqual([])
  })
})

describe('When a file is broken', () => {
  test.each([
    ['does not compile', 'export const greet = (', [/^src\/greet\.ts:1:\d+: /]],
    [
      'throws when it is imported',
      "interface Unused { a: string }\n\nthrow new Error('not today')\nexport const greet = () => ''\n",
      [/^src\/greet\.ts:3:7: Error: not today \(imported by steps\/a\.step\.ts\)$/],
    ],
    ['imports what is not there', "export { greet } from './nowhere'\n", [/^src\/greet\.ts:1:\d+: .*nowhere/]],
    [
      'imports a package that is not there',
      "interface Unused { a: string }\n\nexport { greet } from 'no-such-package/greet'\n",
      [/^src\/greet\.ts:3: the package no-such-package is not installed \(imported by steps\/a\.step\.ts\)$/],
    ],
    [
      'throws in a package that it calls',
      "import { Router } from 'express'\nRouter().route('/:(')\nexport const greet = () => ''\n",
      [/^src\/greet\.ts:2:10: SyntaxError: .* \(imported by steps\/a\.step\.ts\)$/],
    ],
    ['throws no error', "throw 'a fit'\nexport const greet = () => ''\n", [/^steps\/a\.step\.ts: it threw a fit$/]],
  ])(
    'since it %s, then it is reported with its place, and the last good version stays until it is repaired',
    async (_, text, problems) => {
      const { rebuild, modules, run, write, a, b } = setUp()
      await rebuild()
      const before = [modules.step(a), modules.step(b)]
      write('src/greet.ts', text)
      expect(await rebuild()).toEqual({ changed: [], problems: problems.map((line) => expect.stringMatching(line)) })
      expect([modules.step(a), modules.step(b)]).toEqual(before)
      expect(run(a)).toEqual(['Hello Rex', 1])
      write('src/greet.ts', "export const greet = (name: string): string => 'Repaired, ' + name\n")
      expect(await rebuild()).toEqual({ changed: [a], problems: [] })
      expect(run(a)).toEqual(['Repaired, Rex', 2])
    },
  )

  test('that many import, then it is reported once', async () => {
    const { rebuild, write } = setUp()
    write('src/count.ts', "throw new Error('no numbers')\nexport const count = 1\n")
    const files = ['c', 'd', 'e', 'f'].map((name) =>
      write(`steps/${name}.step.ts`, "export { count as handler } from '../src/count'\nexport const config = {}\n"),
    )
    expect(await rebuild(...files)).toEqual({
      changed: [],
      problems: ['src/count.ts:1:7: Error: no numbers (imported by steps/c.step.ts, steps/d.step.ts, and 2 more)'],
    })
  })

  test('then a good change of another is taken', async () => {
    const { rebuild, run, write, a, b } = setUp()
    await rebuild()
    write('src/greet.ts', "throw new Error('not today')\nexport const greet = () => ''\n")
    write('steps/b.step.ts', "export const config = {}\nexport const handler = () => 'new'\n")
    const { changed, problems } = await rebuild()
    expect(changed).toEqual([b])
    expect(problems).toHaveLength(1)
    expect(run(b)).toBe('new')
    expect(run(a)).toMatchObject(['Hello Rex', expect.any(Number)])
  })
})

test('When a step is removed while it is compiled, then the others are rebuilt', async () => {
  const { a, b, path, write, remove, rebuild } = setUp()
  write('steps/b.step.ts', "export { late as handler } from '../src/late'")
  // Reading this file waits until the test writes it. By then the step that imports it has been read. esbuild does not
  // read it again, because it contains `import.meta`.
  execFileSync('mkfifo', [path('src/late.ts')])
  const rebuilding = rebuild(a, b)
  const late = await open(path('src/late.ts'), 'w')
  remove('steps/b.step.ts')
  await late.writeFile('export const late = () => import.meta.url')
  await late.close()
  expect(await rebuilding).toMatchObject({ changed: expect.arrayContaining([a]), problems: [] })
})
