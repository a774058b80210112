import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { blocksOf, editsOf } from '../support/page'
import { copyProject } from '../support/project-copy'
import { ROOT, serverEnvironment } from '../support/server'

const run = promisify(execFile)

/** What the types and the fast tests need beside what a server needs. */
const PARTS = ['tests', 'bench', 'tsconfig.browser.json', 'vitest.config.ts']

/** The folders of the fast tests that look at what the page changes. */
const FOLDERS = ['app', 'events', 'http', 'pets', 'steps']

/** Further ones. */
const FILES = ['tests/store/memory-store.test.ts']

/** The compiler needs 20 s of CPU time for the whole project, on a machine that other tests share. */
const TOOL_TIMEOUT_MS = 120_000

/** A command of the page that changes files. Those that start a server or call it are left to the test of all pages. */
const CHANGES_FILES = /^(rm|perl|sed) /

const copy = copyProject()
const options = { cwd: copy.root, env: serverEnvironment(), maxBuffer: 50_000_000 }

/** Makes an edit of a diff; throws if the file does not contain exactly one place for it. */
const edit = ({ file, before, after }: ReturnType<typeof editsOf>[number]): void => {
  const path = join(copy.root, file)
  const text = before === '' ? '' : readFileSync(path, 'utf8')
  if (before !== '' && text.split(before).length !== 2) throw new Error(`${file} must contain this once:\n${before}`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, before === '' ? after : text.replace(before, () => after))
}

// All changes together: that each works by itself, and over HTTP, is what the test of all pages shows.
beforeAll(async () => {
  for (const part of PARTS) cpSync(join(ROOT, part), join(copy.root, part), { recursive: true })
  for (const { language, text } of blocksOf(readFileSync(join(ROOT, 'docs/make-it-yours.md'), 'utf8'))) {
    if (language === 'diff') editsOf(text).forEach(edit)
    else if (language === 'bash' && CHANGES_FILES.test(text)) await run('bash', ['-euc', text], options)
  }
  // The page's other kind of field.
  copy.edit('src/pets/pet.ts', /(?<=^ {2}colour: .*\n)/m, '  isChipped: z.boolean().default(false),\n')
  await run('npm', ['run', 'types'], options)
})

/** Returns what a tool prints if it fails; nothing if it does not. The signal ends it. */
const complaints = async (signal: AbortSignal, ...args: string[]): Promise<string> => {
  try {
    await run('npx', args, { ...options, signal })
    return ''
  } catch (error) {
    if (error instanceof Error && 'stdout' in error && 'stderr' in error) return `${error.stdout}${error.stderr}`
    throw error
  }
}

test.for(['tsconfig.json', 'tsconfig.browser.json'])(
  'When all changes of docs/make-it-yours.md are made, then %s finds no mistake',
  { timeout: TOOL_TIMEOUT_MS },
  async (config, { signal }) => {
    expect(await complaints(signal, 'tsc', '--noEmit', '--project', config)).toBe('')
  },
)

test(
  'When all changes of docs/make-it-yours.md are made, then the fast tests pass',
  async ({ signal }) => {
    // File by file, since the runtime's tests have folders of the same names.
    const inFolders = FOLDERS.flatMap((folder) =>
      readdirSync(join(copy.root, 'tests', folder)).map((name) => `tests/${folder}/${name}`),
    )
    const paths = [...inFolders.filter((path) => path.endsWith('.test.ts')), ...FILES]
    expect(
      await complaints(signal, 'vitest', 'run', '--silent', '--reporter', 'dot', '--project', 'unit', ...paths),
    ).toBe('')
  },
  TOOL_TIMEOUT_MS,
)
