import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startChild } from '../support/child'
import { freePort } from '../support/free-port'
import { petsApi } from '../support/pets-api'
import { copyProject } from '../support/project-copy'
import { ROOT, serverEnvironment, startServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'

test('When the data folder is a link, then the server starts with its private Redis, and finds it again', async () => {
  const folder = makeTempDir()
  mkdirSync(join(folder, 'real'))
  const dataDir = join(folder, 'link')
  symlinkSync(join(folder, 'real'), dataDir)
  const [first, second] = [await startServer({ dataDir }), await startServer({ dataDir })]
  const portOf = (output: string) => /private Redis on port (\d+)/.exec(output)?.[1]
  expect(portOf(first.output())).toBeDefined()
  expect(portOf(second.output())).toBe(portOf(first.output()))
  const { id } = await petsApi(first.url, 'js').createWithJob()
  await petsApi(second.url, 'ts').get(id).expect(200)
})

test('When a killed server has left half a write, then the next start removes it and keeps the pets', async () => {
  const dataDir = makeTempDir()
  writeFileSync(join(dataDir, 'pets.json'), '{"seq": 8, "pets": {}}')
  writeFileSync(join(dataDir, 'pets.json.tmp'), '{"seq": 9, "pe')
  const server = await startServer({ dataDir })
  expect(existsSync(join(dataDir, 'pets.json.tmp'))).toBe(false)
  const { body } = await petsApi(server.url, 'js').create().expect(201)
  expect(body.id).toBe('8')
})

test('When nobody reads the log any more, then the server goes on, and still stops in order', async () => {
  const port = await freePort()
  const child = startChild(['bash', '-c', 'exec node --import tsx src/server/main.ts start > >(head -n 1)'], {
    cwd: ROOT,
    env: serverEnvironment({ PORT: String(port), PETS_DATA_DIR: makeTempDir() }),
  })
  await child.printed('Pet store ready')
  const api = petsApi(`http://127.0.0.1:${port}`, 'js')
  for (let count = 0; count < 3; count++) await api.createWithJob()
  await api.list().expect(200)
  expect((await child.stop()).ms).toBeLessThan(10_000)
})

test('When a request names a target that is no URL, then the answer is the 404 of any other unknown path', async () => {
  const server = await startServer()
  for (const target of ['http://[', 'http://x:99999999/js/pets', 'x', '*']) {
    const socket = connect(server.port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    await waitFor(() => socket.closed, { what: `the answer to ${target}` })
    expect(text).toMatch(/^HTTP\/1\.1 (404|400) /)
    if (text.startsWith('HTTP/1.1 404')) expect(text).toMatch(/\r\n\r\n\{"message":"Not found"\}$/)
  }
})

test('When a page is open on its WebSocket, then a dev server stops at once all the same', async () => {
  const server = await startServer({ mode: 'dev' })
  const socket = connect(server.port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.on('error', () => {})
  socket.write(
    `GET / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  )
  await waitFor(() => text.startsWith('HTTP/1.1 101'), { what: 'the WebSocket' })
  const exit = await server.stop()
  expect(exit.code).toBe(0)
  expect(exit.ms).toBeLessThan(8_000)
})

test('When a step file is a mere copy of another, then the start ends with a line that names both', async () => {
  const project = copyProject()
  const original = readFileSync(join(ROOT, 'steps/python/get-pet.step.ts'), 'utf8')
  project.write('steps/typescript/a-copy.step.ts', original)
  await expect(startServer({ root: project.root })).rejects.toThrow(
    '✗ steps/typescript/a-copy.step.ts: the name PyGetPet is that of the step in steps/python/get-pet.step.ts\n',
  )
})
