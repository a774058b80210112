import { existsSync, readdirSync } from 'node:fs'
import { Agent } from 'node:http'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { DAY_MS } from '../../src/pets/pet'
import { namespaces } from '../support/namespaces'
import { petsApi } from '../support/pets-api'
import { isAlive, redisPid, startServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'

/** Ids of pets that still wait for their job. */
const unfinished = (pets: Record<string, Record<string, unknown>>): string[] =>
  Object.values(pets)
    .filter(({ createdAt, nextFeedingAt }) => nextFeedingAt !== Number(createdAt) + DAY_MS)
    .map(({ id }) => String(id))

describe.each([
  { runtime: 'in-process', count: 40 },
  { runtime: 'process', count: 5 },
])('SIGTERM, with steps that run $runtime', ({ runtime, count }) => {
  test('When requests and jobs are under way, then all are answered, all jobs get done, and the exit is 0 in time', async () => {
    const env = { PETS_STEP_RUNTIME: runtime }
    const dataDir = makeTempDir()
    const server = await startServer({ dataDir, env })
    const agent = new Agent({ keepAlive: true })
    // Connections that the server has accepted: what a client only tries to open is not in flight yet.
    await Promise.all(Array.from({ length: count }, () => request(server.url).get('/health').agent(agent)))
    const requests = Array.from({ length: count }, (_, index) =>
      petsApi(server.url, namespaces[index % 3]?.namespace ?? 'js')
        .create()
        .agent(agent)
        .then(({ status, body }) => ({ status, id: String(body.id) })),
    )
    await Promise.race(requests)
    const exit = server.stop()
    // An impatient operator's second one changes nothing.
    void server.stop()
    const answers = await Promise.all(requests)
    expect(answers.map(({ status }) => status)).toEqual(Array(count).fill(201))
    const { code, ms } = await exit
    agent.destroy()
    expect(code).toBe(0)
    expect(ms).toBeLessThan(10_000)
    expect(Object.keys(server.store().pets)).toEqual(expect.arrayContaining(answers.map(({ id }) => id)))
    expect(isAlive(redisPid(dataDir))).toBe(false)

    const next = await startServer({ dataDir, env })
    await waitFor(() => unfinished(next.store().pets).length === 0, {
      what: 'every job',
      timeout: 70_000,
      seen: () => unfinished(next.store().pets),
    })
    await next.stop()
  })
})

test('When the server is killed, then the next start goes on with the same data, jobs included', async () => {
  const dataDir = makeTempDir()
  const server = await startServer({ dataDir })
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) => petsApi(server.url, namespaces[index % 3]?.namespace ?? 'js').create()),
  )
  await server.kill()
  const ids = answers.map(({ body }) => String(body.id))

  const next = await startServer({ dataDir })
  for (const id of ids) await petsApi(next.url, 'js').get(id).expect(200)
  const { body } = await petsApi(next.url, 'js').create().expect(201)
  expect(Number(body.id)).toBeGreaterThan(Math.max(...ids.map(Number)))
  await waitFor(() => unfinished(next.store().pets).length === 0, {
    what: 'every job',
    timeout: 70_000,
    seen: () => unfinished(next.store().pets),
  })
  await next.stop()
  expect(isAlive(redisPid(dataDir))).toBe(false)
  const files = readdirSync(dataDir).filter((name) => name !== 'redis')
  expect(files.sort()).toEqual(['audit.jsonl', 'pets.json', 'pets.json.lock'])
})

test('When a killed server has left its Redis running, then the next start takes that over instead of a second one', async () => {
  const dataDir = makeTempDir()
  const first = await startServer({ dataDir })
  const second = await startServer({ dataDir })
  const pid = redisPid(dataDir)
  expect(isAlive(pid)).toBe(true)
  await petsApi(first.url, 'js').createWithJob()
  await petsApi(second.url, 'py').createWithJob()
  expect(redisPid(dataDir)).toBe(pid)
  await second.stop()
  // The first server still uses it.
  expect(isAlive(pid)).toBe(true)
  await petsApi(first.url, 'ts').createWithJob()
  await first.stop()
  expect(isAlive(pid)).toBe(false)
  expect(existsSync(`${dataDir}/pets.json`)).toBe(true)
})
