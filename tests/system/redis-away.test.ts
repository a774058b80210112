import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AuditStream } from '../../src/audit/audit-stream'
import { WELCOME_NOTES } from '../../src/pets/pet'
import { closeSharedRedis, sharedRedis } from '../../src/redis/shared-redis'
import { namespaces } from '../support/namespaces'
import { petsApi } from '../support/pets-api'
import { startRedis, type TestRedis } from '../support/redis'
import { startServer, type TestServer } from '../support/server'
import { waitFor } from '../support/wait-for'

/** How long a refusal may take, in ms: a Redis that hangs is given up after some time, one that is gone at once. */
const QUICK_MS = 1_500

const REFUSAL = { message: 'Redis, where the pets are kept, cannot be reached' }

const occurrences = (text: string, part: string): number => text.split(part).length - 1

describe('a Redis that goes away and comes back', () => {
  let redis: TestRedis
  let server: TestServer
  beforeAll(async () => {
    redis = await startRedis()
    server = await startServer({ env: { REDIS_URL: redis.url } })
  })
  afterAll(closeSharedRedis)

  const health = async () => (await request(server.url).get('/health')).body

  const whenHealthy = () =>
    waitFor(async () => (await health()).status === 'ok', { what: 'health to be ok', timeout: 15_000, seen: health })

  /** Waits until the pet has had its job, and both of its events are in the audit trail, once. */
  const whenDone = async (id: string, namespace: string) => {
    const trail = new AuditStream(sharedRedis(redis.url), 1)
    const topics = async () =>
      (await trail.readAfter(undefined)).lines.flatMap(({ topic, data }) => (data.petId === id ? [topic] : [])).sort()
    await waitFor(async () => (await topics()).length >= 2, {
      what: `the events of ${id}`,
      timeout: 15_000,
      seen: topics,
    })
    expect(await topics()).toEqual([`${namespace}.job.postcreate.completed`, `${namespace}.pet.created`])
    const { body } = await petsApi(server.url, 'js').get(id).expect(200)
    expect(body.notes).toBe(WELCOME_NOTES)
  }

  test('When it is killed and comes back, then requests are refused quickly, the log has one line, and every job is done', async () => {
    const from = server.output().length
    const said = () => server.output().slice(from)
    const before = await Promise.all(
      namespaces.map(async ({ namespace }) => (await petsApi(server.url, namespace).create().expect(201)).body.id),
    )
    await redis.kill()
    // Store and queues each have a connection.
    await expect.poll(health).toMatchObject({
      ...{ status: 'unavailable', store: REFUSAL.message },
      queues: expect.stringContaining('not respond'),
    })
    for (const { namespace } of namespaces) {
      const api = petsApi(server.url, namespace)
      for (const send of [
        api.create,
        () => api.get('1'),
        () => api.update('1', { name: 'Max' }),
        () => api.remove('1'),
      ]) {
        const start = Date.now()
        await send().expect(503, REFUSAL)
        expect(Date.now() - start).toBeLessThan(QUICK_MS)
      }
    }
    expect(occurrences(said(), 'Redis does not respond')).toBe(1)
    expect(occurrences(said(), 'Redis is back')).toBe(0)

    await redis.start()
    await whenHealthy()
    for (const [index, { namespace }] of namespaces.entries()) await whenDone(before[index], namespace)
    const { body } = await petsApi(server.url, 'js').create().expect(201)
    await whenDone(body.id, 'js')
    expect(occurrences(said(), 'Redis does not respond')).toBe(1)
    expect(occurrences(said(), 'Redis is back')).toBe(1)
    expect(said()).not.toMatch(/Unexpected/)
  }, 30_000)

  test('When it has no memory left, then changes get a 507, and reads go on', async () => {
    const api = petsApi(server.url, 'js')
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    await waitFor(async () => (await api.create()).status === 507, { what: 'a refusal' })
    await api.get('1').expect(200)
    await redis.command('CONFIG', 'SET', 'maxmemory', '0')
    await whenHealthy()
    const { body } = await api.create().expect(201)
    await whenDone(body.id, 'js')
  })

  test('When it is away at the end, then the server still stops with 0, without waiting for it', async () => {
    await redis.kill()
    const { code, ms } = await server.stop()
    expect(code).toBe(0)
    // At 9 s the stop would be cut short.
    expect(ms).toBeLessThan(8_500)
  })
})
