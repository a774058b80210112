import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { StepModules } from '../../src/runtime/step-modules'
import { makeTempDir } from '../support/temp-dir'

const opened: StepModules[] = []

afterEach(async () => {
  for (const modules of opened.splice(0)) await modules.close()
})

/** A small project: two steps that share `count.ts`, one of which imports `greet.ts` as well. */
const makeProject = () => {
  const root = makeTempDir('step-modules-')
  const write = (file: string, text: string) => {
    mkdirSync(join(root, file, '..'), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  write('src/count.ts', 'let calls = 0\nexport const count = (): number => ++calls\n')
  write('src/greet.ts', "export const greet = (name: string): string => 'Hello ' + name\n")
  write(
    'steps/a.step.ts',
    `import { count } from '../src/count'
     import { greet } from '../src/greet'
     export const config = { type: 'noop', name: 'A' }
     export const handler = () => [greet('Rex'), count()]\n`,
  )
  write(
    'steps/b.step.ts',
    `import { count } from '../src/count'
     export const config = { type: 'noop', name: 'B' }
     export const handler = () => count()\n`,
  )
  const a = join(root, 'steps/a.step.ts')
  const b = join(root, 'steps/b.step.ts')
  const load = async (...files: string[]) => {
    const modules = await StepModules.load(root, files.length > 0 ? files : [a, b])
    opened.push(modules)
    return modules
  }
  const count = join(root, 'src/count.ts')
  return { root, write, a, b, count, load }
}

describe('loaded steps', () => {
  test('are what their files export, and share one instance of what they import', async () => {
    const { load, a, b } = makeProject()
    const modules = await load()
    expect(modules.step(a)?.config).toEqual({ type: 'noop', name: 'A' })
    expect(modules.step(a)?.handler()).toEqual(['Hello Rex', 1])
    expect(modules.step(b)?.handler()).toBe(2)
  })

  test('share that instance with the server, which names the module by its path in the project', async () => {
    const { load, a, b, count } = makeProject()
    const modules = await load(a, b, count)
    modules.step(b)?.handler()
    expect(modules.module<{ count: () => number }>('src/count.ts').count()).toBe(2)
  })

  test('do not include files that were not asked for', async () => {
    const { load, a, b } = makeProject()
    const modules = await load(a)
    expect(modules.step(b)).toBeUndefined()
    expect(() => modules.module('src/count.ts')).toThrow('src/count.ts is not among the loaded modules')
  })

  test('that do not compile stop the start, by file, line and column', async () => {
    const { load, write } = makeProject()
    write('src/greet.ts', 'export const greet = () => {\n  return ]\n}\n')
    await expect(load()).rejects.toThrow(/^src\/greet\.ts:2:10: /)
  })

  test('that throw when they are imported stop the start, with the error', async () => {
    const { load, write } = makeProject()
    write('src/greet.ts', "throw new Error('no greeting today')\nexport const greet = () => ''\n")
    await expect(load()).rejects.toThrow(/steps\/a\.step\.ts could not be imported: Error: no greeting today/)
  })

  test('whose import does not exist stop the start, by the name of the file', async () => {
    const { root, load } = makeProject()
    rmSync(join(root, 'src/greet.ts'))
    await expect(load()).rejects.toThrow(/^steps\/a\.step\.ts:\d+:\d+: .*greet/)
  })
})

describe('after a change', () => {
  test('of a step, its new code runs, and what it imports keeps its state', async () => {
    const { load, write, a, b } = makeProject()
    const modules = await load()
    modules.step(b)?.handler()
    write(
      'steps/b.step.ts',
      "import { count } from '../src/count'\nexport const config = {}\nexport const handler = () => -count()\n",
    )
    const before = modules.step(a)

    expect(await modules.rebuild()).toEqual({ changed: [b], errors: [] })

    expect(modules.step(b)?.handler()).toBe(-2)
    expect(modules.step(a)).toBe(before)
  })

  test('of a module that a step imports, the step changes, and the others keep theirs', async () => {
    const { load, write, a, b } = makeProject()
    const modules = await load()
    const before = modules.step(b)
    write('src/greet.ts', "export const greet = (name: string): string => 'Bye ' + name\n")

    expect(await modules.rebuild()).toEqual({ changed: [a], errors: [] })

    expect(modules.step(a)?.handler()).toEqual(['Bye Rex', 1])
    expect(modules.step(b)).toBe(before)
    expect(before?.handler()).toBe(2)
  })

  test('of a module that both import, however far, both change and share the new one', async () => {
    const { load, write, a, b } = makeProject()
    write('src/step-size.ts', 'export const STEP = 1\n')
    write(
      'src/count.ts',
      "import { STEP } from './step-size'\nlet calls = 0\nexport const count = () => (calls += STEP)\n",
    )
    const modules = await load()
    write('src/step-size.ts', 'export const STEP = 10\n')

    const { changed } = await modules.rebuild()

    expect(changed.toSorted()).toEqual([a, b])
    expect(modules.step(b)?.handler()).toBe(10)
    expect(modules.step(a)?.handler()).toEqual(['Hello Rex', 20])
  })

  test('that is a save of the same text, nothing is imported anew', async () => {
    const { load, write } = makeProject()
    const modules = await load()
    write('src/greet.ts', "export const greet = (name: string): string => 'Hello ' + name\n")
    expect(await modules.rebuild()).toEqual({ changed: [], errors: [] })
  })

  test('that is taken back, the old code runs again', async () => {
    const { load, write, b } = makeProject()
    const modules = await load(b)
    const old = "import { count } from '../src/count'\nexport const config = {}\nexport const handler = () => count()\n"
    write('steps/b.step.ts', old.replace('count()', '0'))
    await modules.rebuild()
    expect(modules.step(b)?.handler()).toBe(0)
    write('steps/b.step.ts', old)
    await modules.rebuild()
    expect(modules.step(b)?.handler()).toBe(1)
  })

  test('a call that is under way ends in the code it began in', async () => {
    const { load, write, b } = makeProject()
    write(
      'steps/b.step.ts',
      "export const config = {}\nexport const handler = async (wait) => { await wait; return 'old' }\n",
    )
    const modules = await load(b)
    let go = () => {}
    const answer = modules.step(b)?.handler(new Promise<void>((resolve) => (go = resolve)))
    write('steps/b.step.ts', "export const config = {}\nexport const handler = async () => 'new'\n")
    await modules.rebuild()
    go()
    expect(await answer).toBe('old')
    expect(await modules.step(b)?.handler()).toBe('new')
  })
})

describe('a change that is no good', () => {
  test.each([
    ['does not compile', 'export const greet = (', /^src\/greet\.ts:1:\d+: /],
    [
      'throws when it is imported',
      "throw new Error('not today')\nexport const greet = () => ''\n",
      /^steps\/a\.step\.ts could not be imported: Error: not today/,
    ],
    ['imports what is not there', "export { greet } from './nowhere'\n", /^src\/greet\.ts:1:\d+: .*nowhere/],
    [
      'imports a package that is not there',
      "export { greet } from 'no-such-package'\n",
      /steps\/a\.step\.ts could not be imported: .*no-such-package/,
    ],
  ])(
    'since it %s is told, and leaves the last good version in service until it is mended',
    async (_, text, message) => {
      const { load, write, a, b } = makeProject()
      const modules = await load()
      const before = [modules.step(a), modules.step(b)]
      write('src/greet.ts', text)

      const { changed, errors } = await modules.rebuild()

      expect(changed).toEqual([])
      expect(errors).toEqual([expect.stringMatching(message)])
      expect([modules.step(a), modules.step(b)]).toEqual(before)
      expect(modules.step(a)?.handler()).toEqual(['Hello Rex', 1])

      write('src/greet.ts', "export const greet = (name: string): string => 'Mended, ' + name\n")
      expect(await modules.rebuild()).toEqual({ changed: [a], errors: [] })
      expect(modules.step(a)?.handler()).toEqual(['Mended, Rex', 2])
    },
  )

  test('in one step leaves a good change of another in service', async () => {
    const { load, write, a, b } = makeProject()
    const modules = await load()
    write('src/greet.ts', "throw new Error('not today')\nexport const greet = () => ''\n")
    write('steps/b.step.ts', "export const config = {}\nexport const handler = () => 'new'\n")

    const { changed, errors } = await modules.rebuild()

    expect(changed).toEqual([b])
    expect(errors).toHaveLength(1)
    expect(modules.step(b)?.handler()).toBe('new')
    expect(modules.step(a)?.handler()).toMatchObject(['Hello Rex', expect.any(Number)])
  })
})

test('what is compiled stays in .motia, with no temporary file left', async () => {
  const { root, load } = makeProject()
  await load()
  const files = readdirSync(join(root, '.motia', 'in-process'), { recursive: true, encoding: 'utf8' })
  expect(files.filter((file) => file.endsWith('.tmp'))).toEqual([])
  expect(existsSync(join(root, 'steps', '.motia'))).toBe(false)
})

test('a step that runs compiled files again, as a second start does, gets the same', async () => {
  const { load, b } = makeProject()
  await load(b)
  const again = await load(b)
  expect(again.step(b)?.config).toEqual({ type: 'noop', name: 'B' })
})
