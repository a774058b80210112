import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { petsApi } from '../support/pets-api'
import { copyProject } from '../support/project-copy'
import { ROOT, RUNTIME, refusalOf, spawnServer, startServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'

test('When the data folder is a link, then a server on it and one on the folder itself share their pets', async () => {
  const folder = makeTempDir()
  const [dataDir, link] = [join(folder, 'real'), join(folder, 'link')]
  mkdirSync(dataDir)
  symlinkSync(dataDir, link)
  const [first, second] = await Promise.all([startServer({ dataDir }), startServer({ dataDir: link })])
  const { id } = await petsApi(first.url, 'js').createWithJob()
  await petsApi(second.url, 'js').update(id, { name: 'Linked' }).expect(200)
  const { body } = await petsApi(first.url, 'js').get(id).expect(200)
  expect(body.name).toBe('Linked')
  expect((await petsApi(second.url, 'js').create()).body.id).toBe('2')
})

test('When a killed server has left half a write, then the next start removes it and keeps the pets', async () => {
  const dataDir = makeTempDir()
  writeFileSync(join(dataDir, 'pets.json'), '{"seq": 8, "pets": {}}')
  writeFileSync(join(dataDir, 'pets.json.tmp'), '{"seq": 9, "pe')
  const server = await startServer({ dataDir })
  await waitFor(() => !existsSync(join(dataDir, 'pets.json.tmp')), { what: 'the half file to be removed' })
  const { body } = await petsApi(server.url, 'js').create().expect(201)
  expect(body.id).toBe('8')
})

test('When nobody reads the log any more, then the server continues, and still stops normally', async () => {
  const server = await spawnServer({
    command: ['bash', '-c', `exec node ${RUNTIME} start > >(head -n 1)`],
  })
  await server.printed(' ready on http')
  const api = petsApi(server.url, 'js')
  await waitFor(() => api.list().expect(200), { what: 'the first response' })
  for (let count = 0; count < 3; count++) await api.createWithJob()
  expect((await server.stop()).ms).toBeLessThan(10_000)
  expect(JSON.parse(readFileSync(join(server.dataDir, 'pets.json'), 'utf8')).seq).toBe(4)
})

test('When a step file is a mere copy of another, then the start fails with a line that names both', async () => {
  const project = copyProject()
  const original = readFileSync(join(ROOT, 'steps/javascript/get-pet.step.ts'), 'utf8')
  project.write('steps/javascript/z-copy.step.ts', original)
  expect(await refusalOf({ root: project.root })).toBe(
    '✗ steps/javascript/z-copy.step.ts: the name JsGetPet is already used by the step in steps/javascript/get-pet.step.ts\n',
  )
})

test('When the folder has an odd name and .env a byte order mark, then the server runs with the settings of all lines', async () => {
  const project = copyProject()
  project.write('.env', '\uFEFFPETS_TRACE_LIMITS=5\nLOG_LEVEL=warn\n')
  const root = join(makeTempDir(), 'a*b?c [d]', 'src', 'pets')
  mkdirSync(root, { recursive: true })
  renameSync(project.root, root)
  const server = await startServer({ root })
  await petsApi(server.url, 'js').createWithJob()
  expect(server.output()).toContain('PETS_TRACE_LIMITS is not a setting')
  expect(server.output()).not.toContain('[INFO]')
})

test("When the system's limit of watched files is reached, then npm run dev says so once, and serves without hot reload", async () => {
  const preload = pathToFileURL(join(ROOT, 'tests/support/preload/no-watches.mjs')).href
  const server = await startServer({ mode: 'dev', env: { NODE_OPTIONS: `--import ${preload}` } })
  await petsApi(server.url, 'js').createWithJob()
  expect(server.output().match(/⚠ .*/g)).toEqual([
    expect.stringMatching(/^⚠ Hot reload misses changes: the system's limit of watched files is reached \(ENOSPC\)/),
  ])
})

test('When a signal comes while the server starts, then it ends at once, with 0', async () => {
  // A start that waits: it asks this for Redis, which takes the connection and does not reply.
  const sockets: { destroy(): void }[] = []
  const mute = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
  await waitFor(() => mute.address(), { what: 'the mute server' })
  const server = await spawnServer({ env: { REDIS_URL: `redis://127.0.0.1:${Object(mute.address()).port}` } })
  await waitFor(() => sockets.length > 0, { what: 'the server to ask for Redis', timeout: 15_000 })
  expect(await server.stop('SIGTERM')).toMatchObject({ code: 0, signal: null })
  expect(server.output()).toBe('')
  for (const socket of sockets) socket.destroy()
  mute.close()
})

test('When SIGTERM comes before the server has loaded any package, then it ends at once, with 0', async () => {
  const preload = pathToFileURL(join(ROOT, 'tests/support/preload/stop-when-listening.mjs')).href
  const server = await spawnServer({ env: { NODE_OPTIONS: `--import ${preload}` } })
  expect(await server.exited).toMatchObject({ code: 0, signal: null })
  expect(server.output()).toBe('Listens with 0 packages loaded\n')
})
