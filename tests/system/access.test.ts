import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import request from 'supertest'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildPet } from '../store/build-pet'
import { ROOT, startServer, type TestServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'

const preload = pathToFileURL(`${ROOT}/tests/support/preload/print-routes.mjs`).href

const [ALICE, BOB] = ['alice-secret-123456', 'bob:secret/123456']
const FRONT_END = 'http://localhost:5173'

/** A pet that bob created, by a server that died before it sent the event. */
const orphan = {
  ...buildPet({ id: '1', name: 'Rex' }),
  owed: [
    {
      id: 'an-event-of-bob',
      traceId: 'BOBS1-1234567',
      topic: 'js.pet.created',
      data: { type: 'pet.created', petId: '1', name: 'Rex', species: 'dog', createdAt: 1_640_995_200_000, by: 'bob' },
    },
  ],
}

describe('a server for all machines with keys', () => {
  let server: TestServer
  beforeAll(async () => {
    const dataDir = makeTempDir()
    writeFileSync(join(dataDir, 'pets.json'), JSON.stringify({ seq: 2, pets: { 1: orphan } }))
    const env = {
      HOST: '0.0.0.0',
      PETS_API_KEYS: `alice:${ALICE},bob:${BOB}`,
      PETS_CORS_ORIGINS: FRONT_END,
      NODE_OPTIONS: `--import ${preload}`,
    }
    server = await startServer({ dataDir, env })
  })

  test('When a request has no key, then every route responds with 401, except the probes', async () => {
    const output = await server.printed(/ROUTES .*\n/)
    const routes: [string, string][] = JSON.parse(output.slice(output.lastIndexOf('ROUTES ') + 'ROUTES '.length))
    const statuses = await Promise.all(
      routes.map(async ([method, path]) => {
        const url = `/${path.replace(/^\//, '').replaceAll(/:\w+\??|\*/g, '1')}`
        return [path, (await request(server.url)[method.toLowerCase() as 'get'](url)).status] as const
      }),
    )
    expect(statuses.map(([path]) => path)).toEqual(expect.arrayContaining(['/js/pets', '/health', '/emit']))
    for (const [path, status] of statuses)
      expect([path, status]).toEqual([path, /^\/(live|ready)z$/.test(path) ? 200 : 401])
    await request(server.url).get('/nothing').expect(401)
  })

  test('When keys are used, then the audit trail names them, even for an event of a server that died', async () => {
    const pets = request(server.url)
    const { body } = await pets
      .post('/js/pets')
      .auth(ALICE, { type: 'bearer' })
      .send({ name: 'Polly', species: 'bird', ageMonths: 3 })
      .expect(201)
    await pets.delete(`/js/pets/${body.id}`).set('X-API-Key', BOB).expect(202)
    await pets.put(`/js/pets/${body.id}`).auth('bob', BOB).send({ status: 'available' }).expect(200)
    await pets.get('/js/pets').set('X-API-Key', `${ALICE}x`).expect(401)
    // Two ends of jobs: one of the create, one of the restore.
    await waitFor(() => server.audit().length >= 5, {
      what: 'the audit trail',
      seen: () => JSON.stringify(server.audit()),
    })
    const lines = server.audit().map(({ topic, by, data }) => `${topic} of ${data.petId} by ${by}`)
    expect(lines.sort()).toEqual([
      `js.job.postcreate.completed of ${body.id} by undefined`,
      `js.job.postcreate.completed of ${body.id} by undefined`,
      'js.pet.created of 1 by bob',
      `js.pet.created of ${body.id} by alice`,
      `js.pet.soft.deleted of ${body.id} by bob`,
    ])
    expect(server.audit().filter(({ data }) => 'by' in data)).toEqual([])
    expect(server.audit().find(({ data }) => data.petId === '1')?.traceId).toBe('BOBS1-1234567')
  })

  test('When a front end has an allowed origin, then it may send a key, and others may not', async () => {
    const preflight = { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'x-api-key' }
    const allowed = await request(server.url)
      .options('/js/pets')
      .set({ ...preflight, Origin: FRONT_END })
      .expect(204)
    expect(allowed.headers['access-control-allow-methods']).toBe('POST, GET, HEAD')
    const cors = { Origin: FRONT_END, 'Sec-Fetch-Site': 'cross-site' }
    await request(server.url)
      .get('/js/pets')
      .set({ ...cors, 'X-API-Key': ALICE })
      .expect(200)
      .expect('Access-Control-Allow-Origin', FRONT_END)
    const evil = { Origin: 'http://evil.test', 'X-API-Key': ALICE }
    await request(server.url)
      .options('/js/pets')
      .set({ ...evil, ...preflight })
      .expect(403)
    await request(server.url).get('/js/pets').set(evil).expect(403)
  })

  test('When it stops, then it has printed no secret', async () => {
    await server.stop()
    expect(server.output()).toContain('Pet created')
    for (const secret of [ALICE, BOB]) expect(server.output()).not.toContain(secret)
  })
})
