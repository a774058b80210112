import { readdirSync, readFileSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildImage, type Container, type Image, startContainer } from '../support/container'
import { freePort } from '../support/free-port'
import { ROOT } from '../support/server'

/** An `npm ci` of all that a server needs takes half a minute, and ten times that if others keep the disk busy. */
const BUILD_MS = 600_000

/** Says when the server's own code listens for SIGTERM: until then Node does, and ends nothing that is process 1. */
const SAY_WHEN_LISTENING = `process.on('newListener',(name)=>name==='SIGTERM'&&setImmediate(()=>console.log('listens')))`

const statusOf = (pid: number, field: string): string =>
  new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''

// Docker's own tools are not needed, but the Linux kernel is.
describe.skipIf(process.platform !== 'linux')('The container that the Dockerfile describes', () => {
  let image: Image
  let env: Record<string, string>
  let port: number

  beforeAll(async () => {
    image = await buildImage()
    port = await freePort()
    env = { PORT: String(port), PETS_API_KEYS: 'test:a-key-of-no-value' }
  }, BUILD_MS)

  // Tens of thousands of files.
  afterAll(async () => {
    if (image) await rm(image.root, { recursive: true, force: true })
  }, BUILD_MS)

  const start = (command?: string[]): Promise<Container> => startContainer(image, env, command)

  const ready = async (): Promise<Container> => {
    const container = await start()
    await container.printed(/^ {3}Data: \/data\n/m)
    return container
  }

  const stop = async (container: Container): Promise<number | null> => {
    process.kill(container.pid, 'SIGTERM')
    return (await container.exited).code
  }

  const healthCheck = async (): Promise<number | null> => (await (await start(image.healthCheck)).exited).code

  const pets = () => request(`http://127.0.0.1:${port}/js/pets`)

  test('contains what a server needs, and no dev dependency', () => {
    const app = join(image.root, image.workdir)
    expect(readdirSync(app).sort()).toEqual(
      ['.motia', 'motia.config.ts', 'node_modules', 'package-lock.json', 'package.json', 'packages'].concat(
        ...['src', 'steps', 'types.d.ts'],
      ),
    )
    expect(readdirSync(join(app, 'packages/motia-runtime'))).not.toContain('tests')
    const installed = readdirSync(join(app, 'node_modules'))
    expect(installed).toContain('motia')
    for (const name of ['@biomejs', 'vitest', 'supertest', 'playwright-core', 'fastify']) {
      expect(readdirSync(join(ROOT, 'node_modules'))).toContain(name)
      expect(installed).not.toContain(name)
    }
  })

  test('serves as process 1 and without root, writes to its volume only, and keeps the pets over a restart', async () => {
    const container = await ready()
    expect(statusOf(container.pid, 'NSpid')).toMatch(/\t1$/)
    if (process.getuid?.() === 0) expect(statusOf(container.pid, 'Uid')).toBe('1000\t1000\t1000\t1000')
    const { body } = await pets()
      .post('')
      .set('X-API-Key', 'a-key-of-no-value')
      .send({ name: 'Rex', species: 'dog', ageMonths: 5 })
      .expect(201)
    expect(await healthCheck()).toBe(0)
    expect(await stop(container)).toBe(0)
    expect(await healthCheck()).toBe(1)
    expect(readdirSync(join(image.root, 'data'))).toContain('pets.json')
    expect(statSync(join(image.root, 'data/pets.json')).uid).toBe(statSync(join(image.root, 'data')).uid)

    const next = await ready()
    await pets().get(`/${body.id}`).set('X-API-Key', 'a-key-of-no-value').expect(200)
    expect(await stop(next)).toBe(0)
  })

  test('ends at once, with 0, if SIGTERM comes while it starts', async () => {
    const preload = `--import data:text/javascript,${encodeURIComponent(SAY_WHEN_LISTENING)}`
    const container = await startContainer(image, { ...env, NODE_OPTIONS: preload })
    await container.printed('listens\n')
    expect(await stop(container)).toBe(0)
    expect(container.output()).toBe('listens\n')
  })
})
