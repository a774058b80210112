import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Stream } from '@motiadev/stream-client-node'
import request from 'supertest'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startChild } from '../../../tests/support/child'
import { freePort } from '../../../tests/support/free-port'
import { linkPackages } from '../../../tests/support/project-copy'
import { serverEnvironment } from '../../../tests/support/server'
import { makeTempDir } from '../../../tests/support/temp-dir'
import { waitFor } from '../../../tests/support/wait-for'
import { head, open } from './http/listen'

const EXAMPLE = fileURLToPath(new URL('example', import.meta.url))
const RUNTIME = fileURLToPath(new URL('..', import.meta.url))
const COMMAND = 'node_modules/motia-runtime/bin/motia-runtime.mjs'
const PACKAGES = fileURLToPath(new URL('../../../node_modules', import.meta.url))

/** A copy of the example, in a folder far from this package, in which the package is installed. */
let root: string
beforeAll(() => {
  root = makeTempDir('motia-runtime-example-')
  cpSync(EXAMPLE, root, { recursive: true, filter: (path) => !/\/\.(motia|data)$/.test(path) })
  cpSync(RUNTIME, join(root, 'packages/motia-runtime'), { recursive: true, preserveTimestamps: true })
  linkPackages(PACKAGES, join(root, 'node_modules'))
})

const run = (...args: string[]) =>
  startChild([process.execPath, COMMAND, ...args], { cwd: root, env: serverEnvironment() })

const startServer = async (mode: 'start' | 'dev') => {
  const port = await freePort()
  const env = serverEnvironment({ PORT: String(port) })
  const server = startChild([process.execPath, COMMAND, mode], { cwd: root, env })
  await server.printed(`   Data: ${join(root, '.data')}\n`, { timeout: 30_000 })
  return { ...server, url: `http://127.0.0.1:${port}`, socketUrl: `ws://127.0.0.1:${port}`, port }
}

describe.each(['start', 'dev'] as const)('the example, run by `motia-runtime %s`', (mode) => {
  test('When a note is posted, then its words are counted in the stream, and the cron step sees it there', async () => {
    const server = await startServer(mode)
    expect(server.output()).toContain(`Notes ready on ${server.url}\n`)
    const text = 'three short words'
    const { body } = await request(server.url).post('/notes').send({ text }).expect(202)
    expect(body).toEqual({ id: expect.any(String) })
    await server.printed('CountWords Words counted { words: 3 }')
    await server.printed('ReportNotes Notes so far { notes: 1 }')
    expect(server.output()).not.toMatch(/\[ERROR]|⚠|✗/)
    expect((await server.stop()).code).toBe(0)
  })
})

/** Opens a WebSocket, and sends a text of at most 125 bytes. Returns a function that returns what has come back. */
const sendOverSocket = async (port: number, text: string, path = '/'): Promise<() => string> => {
  const { socket, received } = await open(port)
  onTestFinished(() => void socket.destroy())
  const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' }
  socket.write(head(`GET ${path}`, { ...upgrade, 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' }))
  // One frame of text, with an empty mask.
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 + text.length, 0, 0, 0, 0]), Buffer.from(text)]))
  return received
}

const joinOf = (streamName: string): string =>
  JSON.stringify({ type: 'join', data: { streamName, groupId: 'all', subscriptionId: '1' } })

test.each(['start', 'dev'] as const)(
  'When a page listens to the stream of `%s`, then a note is pushed to it as soon as its words are counted',
  async (mode) => {
    const server = await startServer(mode)
    // A message that is not JSON closes its own connection (1007), and nothing else.
    await expect.poll(await sendOverSocket(server.port, 'hello')).toContain('\u0003\u00ef')
    const stream = new Stream(server.socketUrl)
    onTestFinished(() => stream.close())
    const seen: unknown[] = []
    stream.subscribeGroup('notes', 'all').addChangeListener((notes) => seen.push(notes))
    const post = async (text: string) => (await request(server.url).post('/notes').send({ text }).expect(202)).body.id
    // The first list that the page gets contains what was counted before it joined.
    const first = await post('one')
    await waitFor(() => seen.length > 0, { what: 'the notes so far' })
    const second = await post('one two')
    await waitFor(() => JSON.stringify(seen.at(-1)).includes(second), { what: 'the new note', seen: () => seen })
    expect(seen.at(-1)).toEqual([
      expect.objectContaining({ id: first, text: 'one', words: 1 }),
      expect.objectContaining({ id: second, text: 'one two', words: 2 }),
    ])
  },
)

test('When the config has streamAuth, then only clients that it accepts can listen, in production only to own streams', async () => {
  const config = join(root, 'motia.config.ts')
  const before = readFileSync(config, 'utf8')
  onTestFinished(() => writeFileSync(config, before))
  writeFileSync(
    config,
    `import { defineConfig } from 'motia-runtime'
    const authenticate = ({ url = '' }) => {
      if (!url.endsWith('?token=secret')) throw new Error('Unknown token')
      return {}
    }
    export default defineConfig({ runtime: { name: 'Notes' }, streamAuth: { contextSchema: {}, authenticate } })`,
  )
  const server = await startServer('start')
  await expect.poll(await sendOverSocket(server.port, joinOf('notes'))).toMatch(/^HTTP\/1\.1 401 /)
  const own = await sendOverSocket(server.port, joinOf('notes'), '/?token=secret')
  await expect.poll(own).toContain('"streamName":"notes","groupId":"all","event":{"type":"sync","data":[]}')
  const log = await sendOverSocket(server.port, joinOf('__motia.logs'), '/?token=secret')
  await expect.poll(log).toContain('Access denied')
})

test('types.d.ts is what `motia-runtime types` writes, and the example compiles with it', {
  timeout: 60_000,
}, async () => {
  const written = run('types')
  expect(await written.exited, written.output()).toMatchObject({ code: 0 })
  expect(readFileSync(join(root, 'types.d.ts'), 'utf8')).toBe(readFileSync(join(EXAMPLE, 'types.d.ts'), 'utf8'))
  const compiler = join(PACKAGES, 'typescript/bin/tsc')
  const compiled = startChild([process.execPath, compiler, '--noEmit', '--incremental', 'false', '-p', EXAMPLE], {
    env: serverEnvironment(),
  })
  expect(await compiled.exited, compiled.output()).toMatchObject({ code: 0 })
})
