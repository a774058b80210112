import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import request from 'supertest'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { SECURITY_HEADERS } from '../../src/server/doors'
import { readSettings } from '../../src/settings'
import { blocksOf, relativeLinksOf } from '../support/markdown'
import { petsApi } from '../support/pets-api'
import { ROOT, startServer, type TestServer } from '../support/server'
import { answersOf, runCurlBlock } from '../support/shell'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'

const run = promisify(execFile)

const textOf = (name: string): string => readFileSync(join(ROOT, 'docs', name), 'utf8')

/** The cells of the table after a mark, without its head. */
const tableAfter = (text: string, mark: string): string[][] =>
  (text.split(`<!-- ${mark} -->\n`)[1] ?? '')
    .split('\n\n')[0]
    ?.split('\n')
    .slice(2)
    .map((row) => row.split('|').map((cell) => cell.trim())) ?? []

const codeIn = (cell = ''): string => /`([^`]+)`/.exec(cell)?.[1] ?? ''

describe.each(['deployment.md', 'security.md'])('docs/%s', (name) => {
  const text = textOf(name)

  test('Every command in it is marked: for a test, or with the reason why none runs it', () => {
    const commands = blocksOf(text).filter(({ language }) => language === 'bash')
    expect(commands.length).toBeGreaterThan(1)
    for (const { mark } of commands) expect(mark).toMatch(/^(run: curl|run: shell|not run: .+)$/)
  })

  test('Every file that it links to is there', () => {
    const links = relativeLinksOf(text)
    expect(links.length).toBeGreaterThan(0)
    expect(links.filter((link) => !existsSync(join(ROOT, 'docs', link)))).toEqual([])
  })

  test('Every test that it names is there', () => {
    for (const [, path = ''] of text.matchAll(/`(tests\/[\w/.-]+)`/g)) expect(existsSync(join(ROOT, path))).toBe(true)
  })
})

describe('docs/deployment.md', () => {
  const text = textOf('deployment.md')
  let server: TestServer
  beforeAll(async () => {
    server = await startServer()
    await petsApi(server.url, 'js').createWithJob()
    await waitFor(() => server.audit().length === 2, { what: 'two events in the audit trail', timeout: 15_000 })
  })

  test('The health block gets the answer that follows it', async () => {
    const blocks = blocksOf(text)
    const at = blocks.findIndex(({ mark }) => mark === 'run: curl')
    const printed = await runCurlBlock(blocks[at]?.text ?? '', server.url, 'js')
    expect(answersOf(printed)).toEqual([JSON.parse(blocks[at + 1]?.text ?? '')])
  })

  test('The table of files names every file of a data folder, and no other', () => {
    const told = tableAfter(text, 'files').map(([, cell]) => codeIn(cell))
    const found = readdirSync(server.dataDir).map((entry) =>
      statSync(join(server.dataDir, entry)).isDirectory() ? `${entry}/` : entry,
    )
    expect(told.sort()).toEqual(found.sort())
  })

  test('The backup commands copy what a new server serves', async () => {
    const backup = makeTempDir()
    for (const block of blocksOf(text).filter(({ mark }) => mark === 'run: shell')) {
      const command = block.text.replace(' /tmp/', ` ${backup}/`).replaceAll('.data/', `${server.dataDir}/`)
      await run('bash', ['-euc', command])
    }
    expect(readdirSync(backup).sort()).toEqual(['audit.jsonl', 'pets.json'])
    const restored = await startServer({ dataDir: backup })
    const [before, after] = await Promise.all([server, restored].map(({ url }) => petsApi(url, 'py').list()))
    expect(after?.body).toEqual(before?.body)
    expect(after?.body).toHaveLength(1)
  })

  test("The service's command is that of npm start, and its settings are settings", () => {
    const unit = blocksOf(text).find(({ mark }) => mark === 'unit')?.text ?? ''
    const packageJson = readFileSync(join(ROOT, 'package.json'), 'utf8')
    const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(packageJson))
    const started = /^ExecStart=\/usr\/bin\/(.+)$/m.exec(unit)?.[1]
    expect(`exec ${started}`).toBe(scripts.start)
    const assignments = (/^Environment=(.+)$/m.exec(unit)?.[1] ?? '').split(' ').map((pair) => pair.split('='))
    expect(readSettings(Object.fromEntries(assignments))).toMatchObject({ port: 3000, dataDir: '/var/lib/pets' })
  })
})

describe('docs/security.md', () => {
  const text = textOf('security.md')

  test('The table of headers is what production sends', async () => {
    const told = tableAfter(text, 'headers').map(([, name, value]) => [codeIn(name), codeIn(value)])
    expect(Object.fromEntries(told)).toEqual(SECURITY_HEADERS)
    const server = await startServer()
    const { headers } = await request(server.url).get('/js/pets').expect(200)
    for (const [name = '', value] of told) expect(headers[name.toLowerCase()]).toBe(value)
  })

  test('The packages with advisories are installed in the versions that it names', async () => {
    const lock = z
      .object({ packages: z.record(z.string(), z.object({ version: z.string().optional() })) })
      .parse(JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')))
    const rows = tableAfter(text, 'packages')
    expect(rows.length).toBeGreaterThan(2)
    for (const [, cell = ''] of rows) {
      const [, name, version] = /^`([^`]+)` (\S+)$/.exec(cell) ?? []
      const installed = Object.entries(lock.packages).filter(([path]) => path.endsWith(`node_modules/${name}`))
      expect(installed.map(([, entry]) => entry.version)).toContain(version)
    }
  })

  test('The dependencies can be listed as it says', async () => {
    for (const { text: command } of blocksOf(text).filter(({ mark }) => mark === 'run: shell')) {
      const { stdout } = await run('bash', ['-euc', command], { cwd: ROOT, maxBuffer: 50_000_000 })
      expect(stdout).toContain('tar@')
    }
  })
})
