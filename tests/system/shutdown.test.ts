import { readdirSync } from 'node:fs'
import { Agent } from 'node:http'
import request from 'supertest'
import { expect, test } from 'vitest'
import { atRest } from '../support/at-rest'
import { namespaces } from '../support/namespaces'
import { petsApi } from '../support/pets-api'
import { startServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'

const COUNT = 40

test.each(['SIGTERM', 'SIGHUP'] as const)(
  'When %s comes while requests and jobs are under way, then all get a response, no job is lost, and the exit is 0 in time',
  async (signal) => {
    const dataDir = makeTempDir()
    const server = await startServer({ dataDir })
    const agent = new Agent({ keepAlive: true })
    // Connections that the server has accepted: what a client only tries to open is not in flight yet.
    await Promise.all(Array.from({ length: COUNT }, () => request(server.url).get('/health').agent(agent)))
    const requests = Array.from({ length: COUNT }, (_, index) =>
      petsApi(server.url, namespaces[index % 3]?.namespace ?? 'js')
        .create()
        .agent(agent)
        .then(({ status, body }) => ({ status, id: String(body.id) })),
    )
    await Promise.race(requests)
    const exit = server.stop(signal)
    const answers = await Promise.all(requests)
    expect(answers.map(({ status }) => status)).toEqual(Array(COUNT).fill(201))
    const { code, ms } = await exit
    agent.destroy()
    expect(code).toBe(0)
    expect(ms).toBeLessThan(9_000)
    // A clean stop leaves no journal: the file contains everything.
    const ids = answers.map(({ id }) => id).sort()
    expect(Object.keys(server.store().pets).sort()).toEqual(ids)
    expect(readdirSync(dataDir)).not.toContain('pets.journal')

    const next = await startServer({ dataDir })
    const store = await atRest(next)
    expect(Object.keys(store.pets).sort()).toEqual(ids)
    const completed = () =>
      next.audit().flatMap(({ topic, data }) => (topic.endsWith('.completed') ? [String(data.petId)] : []))
    await waitFor(() => completed().length >= COUNT, { what: 'every job', timeout: 15_000, seen: completed })
    expect(completed().sort()).toEqual(ids)
    await next.stop()
  },
)

test('When a second Ctrl-C comes during the grace, then the grace ends, and the server stops cleanly', async () => {
  const server = await startServer({ env: { PETS_STOP_GRACE: '60' } })
  const first = server.stop('SIGINT')
  await server.printed('Stopping in 60 s: until then /readyz returns 503\n')
  await request(server.url).get('/readyz').expect(503, { status: 'stopping' })
  await request(server.url).get('/livez').expect(200, { status: 'ok' })
  await petsApi(server.url, 'js').create().expect(201)
  // The first may still be taken for an echo of the one before.
  const presses = setInterval(() => void server.stop('SIGINT'), 250)
  const { code, ms } = await first
  clearInterval(presses)
  expect(code).toBe(0)
  expect(server.output()).toMatch(/\[INFO] Stopped\n$/)
  expect(ms).toBeLessThan(9_000)
  expect(server.store().pets).toMatchObject({ 1: { name: 'Buddy' } })
})
