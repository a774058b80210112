import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { readSettings, SettingsError } from '../../src/app/settings'
import { topics } from '../../src/events/payloads'
import { anchorsOf, type Block, blocksOf, linksOf, tableOf } from '../support/page'
import { ROOT } from '../support/server'
import { Reader } from './reader'
import { publishProject } from './session'

/** The longest page, in lines. */
const MAX_LINES = 200

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

const docs = readdirSync(join(ROOT, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`)
const pages = ['README.md', ...docs, 'packages/motia-runtime/README.md', 'TUTORIAL_CHEATSHEET.md']

/** Returns whether this test runs the page. `npm run bench` writes the benchmarks, and the cheat sheet has its own test. */
const isFollowed = (page: string): boolean => !['docs/benchmarks.md', 'TUTORIAL_CHEATSHEET.md'].includes(page)

/** Returns the blocks that a reader acts on, or compares: a `text` without a command above it is a picture. */
const stepsOf = (page: string): { block: Block; next: Block | undefined; title: string }[] => {
  const blocks = blocksOf(read(page)).filter(({ language }) =>
    ['bash', 'json', 'text', 'console', 'log', 'diff'].includes(language),
  )
  return blocks.flatMap((block, index) => {
    const hasCommand = blocks
      .slice(0, index)
      .some(({ language, section }) => language === 'bash' && section === block.section)
    if (block.language === 'text' && !hasCommand) return []
    const after = blocks[index + 1]
    const next = after?.section === block.section ? after : undefined
    return { block, next, title: `line ${block.line}: ${block.language}: ${block.text.split('\n')[0]}` }
  })
}

let repository: string
beforeAll(() => {
  repository = publishProject()
})

describe.each(pages.filter((page) => isFollowed(page) && stepsOf(page).length > 0))(
  '%s, from top to bottom',
  (page) => {
    const steps = stepsOf(page)
    const reader = new Reader()
    beforeAll(() => reader.open(repository, read(page)))
    afterAll(() => reader.close())

    test.each(steps)('$title', async ({ block, next }) => reader.follow(block, next), 30_000)
  },
)

describe.each(pages)('%s', (page) => {
  const text = read(page)
  const fileOf = (path: string): string => (path === '' ? page : normalize(join(dirname(page), path)))

  test('When a reader follows a link, then its file and heading exist', () => {
    const isThere = (file: string, anchor: string): boolean =>
      existsSync(join(ROOT, file)) && (anchor === '' || anchorsOf(read(file)).includes(anchor))
    expect(linksOf(text).filter(({ path, anchor }) => !isThere(fileOf(path), anchor))).toEqual([])
  })

  test('When it names a file, an npm script or a setting, then that exists', () => {
    const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json')))
    for (const [, name = ''] of text.matchAll(/`npm run ([\w:]+)/g)) expect(scripts).toHaveProperty([name])
    const folders = ['', dirname(page), 'packages/motia-runtime/src']
    const files = /`((?:src|steps|tests|script|packages)\/[\w./-]+)`|\*(\w+\/[\w./-]+)\*/g
    for (const [, inProject, inRuntime] of text.matchAll(files)) {
      const file = inProject ?? inRuntime ?? ''
      expect(
        folders.some((folder) => existsSync(join(ROOT, folder, file))),
        file,
      ).toBe(true)
    }
    const known = tableOf(read('docs/configuration.md'), 'variable').concat(
      tableOf(read('docs/configuration.md'), 'removed'),
    )
    for (const [name] of text.matchAll(/\bPETS_[A-Z_]+\b/g))
      expect(known.map(([cell]) => cell)).toContain(`\`${name}\``)
  })

  test(`When it is printed, then it has no more than ${MAX_LINES} lines`, () => {
    expect(text.split('\n').length).toBeLessThanOrEqual(MAX_LINES)
  })
})

test('When a page is in docs/, then the README links to it', () => {
  const linked = linksOf(read('README.md')).map(({ path }) => path)
  expect(docs.filter((page) => !linked.includes(page))).toEqual([])
})

const withoutCode = (cell = ''): string => cell.replaceAll('`', '')

describe('docs/configuration.md', () => {
  const text = (): string => read('docs/configuration.md')

  test('When a variable is read, then the table has it, with its default', () => {
    const rows = tableOf(text(), 'variable').map(([name, value]) => [withoutCode(name), withoutCode(value)] as const)
    const source = read('src/app/settings.ts')
    const names = Array.from(source.matchAll(/^ {2}([A-Z_]+): (?!')/gm), ([, name = '']) => name)
    expect(rows.map(([name]) => name).sort()).toEqual(names.sort())
    for (const [name, value] of rows) expect(readSettings({ [name]: value })).toEqual(readSettings({}))
  })

  test('When a variable was removed, then the table says so, and a start does not accept it', () => {
    const removed = tableOf(text(), 'removed').map(([name]) => withoutCode(name))
    expect(removed.length).toBeGreaterThan(0)
    for (const name of removed) expect(() => readSettings({ [name]: 'x' })).toThrow(SettingsError)
  })
})

test('When an event has a field, then docs/events.md has it, and no other', () => {
  const rows = tableOf(read('docs/events.md'), 'topic').map(([topic, , fields]) => ({
    topic: withoutCode(topic).replace('<ns>', 'js'),
    fields: withoutCode(fields).split(', ').sort(),
  }))
  const expected = Object.entries(topics).filter(([topic]) => topic.startsWith('js.'))
  expect(rows.length).toBe(expected.length)
  for (const [topic, schema] of expected) {
    const fields = schema instanceof z.ZodObject ? Object.keys(schema.shape).sort() : []
    expect(rows).toContainEqual({ topic, fields })
  }
})

test('When docs/troubleshooting.md has a message, then the project prints it', () => {
  const folders = ['src', 'packages/motia-runtime/src', 'script']
  const sources = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')),
  )
  const cells = Array.from(read('docs/troubleshooting.md').matchAll(/^\| `.*?` \|/gm), ([cell]) => cell)
  const parts = cells.flatMap((cell) => Array.from(cell.matchAll(/`([^`]+)`/g), ([, text = '']) => text.split('…')))
  const texts = parts.map((some) => some.reduce((longest, part) => (part.length > longest.length ? part : longest)))
  expect(texts.length).toBeGreaterThan(5)
  expect(texts.filter((text) => !sources.some((source) => source.includes(text.trim())))).toEqual([])
})

test('When the runtime has an option or a hook, then its README has it, and no other', () => {
  const [page, source] = [
    read('packages/motia-runtime/README.md'),
    read('packages/motia-runtime/src/server/options.ts'),
  ]
  for (const [name, firstCell] of [['RuntimeOptions', 'option'] as const, ['RuntimeHooks', 'hook'] as const]) {
    const body = new RegExp(`interface ${name} {([\\s\\S]*?)^}`, 'm').exec(source)?.[1] ?? ''
    const declared = Array.from(body.matchAll(/^ {2}(\w+)\?/gm), ([, key = '']) => key)
    const told = tableOf(page, firstCell).flatMap(([cell = '']) =>
      Array.from(cell.matchAll(/`(\w+)/g), ([, key = '']) => key),
    )
    expect(told.sort()).toEqual(declared.sort())
  }
})

test('When docs/security.md names a package, then that version is installed', () => {
  const lock = z
    .object({ packages: z.record(z.string(), z.object({ version: z.string().optional() })) })
    .parse(JSON.parse(read('package-lock.json')))
  for (const [cell = ''] of tableOf(read('docs/security.md'), 'package')) {
    const [, name, version] = /^`(.+)` (\S+)$/.exec(cell) ?? []
    const installed = Object.entries(lock.packages).filter(([path]) => path.endsWith(`node_modules/${name}`))
    expect(installed.map(([, entry]) => entry.version)).toContain(version)
  }
})
