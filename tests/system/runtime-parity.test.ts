import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AuditStream } from '../../src/audit/audit-stream'
import { DAY_MS } from '../../src/pets/pet'
import { closeSharedRedis, sharedRedis } from '../../src/redis/shared-redis'
import { petsApi } from '../support/pets-api'
import { startRedis } from '../support/redis'
import { startServer } from '../support/server'
import { waitFor } from '../support/wait-for'
import { eventsSuite } from './suites/events-suite'
import { petsSuite } from './suites/pets-suite'
import type { Subject } from './suites/subject'
import { validationSuite } from './suites/validation-suite'

const startEmbedded = async (env: Record<string, string> = {}): Promise<Subject> => {
  const server = await startServer({ env })
  return { server, audit: async () => server.audit() }
}

const startOnRedis = async (env: Record<string, string> = {}): Promise<Subject> => {
  const redis = await startRedis()
  const server = await startServer({ env: { ...env, REDIS_URL: redis.url } })
  const trail = new AuditStream(sharedRedis(redis.url), 1)
  return {
    server,
    audit: async () => (await trail.readAfter(undefined)).lines.map(({ id: _, ...line }) => line),
  }
}

afterAll(closeSharedRedis)

/** The server's warnings and errors. */
const errorsIn = (output: string): string[] =>
  output.split('\n').filter((line) => /\[ERROR]|Unexpected|failed|⚠/.test(line))

describe.each([
  { where: 'its own process', start: startEmbedded },
  { where: 'Redis', start: startOnRedis },
])('a server with everything in $where', ({ start }) => {
  let subject: Subject
  beforeAll(async () => {
    subject = await start()
  })

  petsSuite(() => subject)
  validationSuite(() => subject)
  eventsSuite(() => subject)

  test('When all that is done, then no error was printed and the server stops with 0', async () => {
    expect(errorsIn(subject.server.output())).toEqual([])
    expect((await subject.server.stop()).code).toBe(0)
  })

  test('When steps run in processes of their own, then the life of a pet is the same', async () => {
    const { server, audit } = await start({ PETS_STEP_RUNTIME: 'process' })
    expect(server.output()).toContain('; each step runs in its own process\n')
    const api = petsApi(server.url, 'js')
    const pet = await api.createWithJob()
    expect(pet).toMatchObject({ status: 'new', nextFeedingAt: Number(pet.createdAt) + DAY_MS })
    await api.create({ name: ' ' }).expect(400)
    await api.get('999').expect(404, { message: 'Not found' })
    const { headers: deletion } = await api.update(pet.id, { status: 'deleted' }).expect(200)
    const { body: restored } = await api.update(pet.id, { status: 'adopted' }).expect(200)
    const topics = async () => (await audit()).map(({ topic }) => topic).sort()
    await waitFor(async () => (await topics()).length === 4, { what: 'four events', timeout: 15_000, seen: topics })
    expect(await topics()).toEqual([
      'js.job.postcreate.completed',
      'js.job.postcreate.completed',
      'js.pet.created',
      'js.pet.soft.deleted',
    ])
    const deleted = (await audit()).find(({ topic }) => topic === 'js.pet.soft.deleted')
    expect(deletion['x-trace-id']).toBe(deleted?.traceId)
    const { body, headers } = await api.get(pet.id).expect(200)
    await api.get(pet.id).set('If-None-Match', String(headers.etag)).expect(304)
    await api.update(pet.id, {}).set('If-Match', '"x"').expect(412)
    await api.update(pet.id, {}).set('If-None-Match', '*').expect(412)
    expect(body.nextFeedingAt).toBe(restored.updatedAt + DAY_MS)
    await api.list().expect(200, [body])
    expect(errorsIn(server.output())).toEqual([])
    expect((await server.stop()).code).toBe(0)
  }, 40_000)
})
