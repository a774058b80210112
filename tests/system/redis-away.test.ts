import request from 'supertest'
import { beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS } from '../../src/pets/pet'
import { namespaces } from '../support/namespaces'
import { petsApi } from '../support/pets-api'
import { startRedis, type TestRedis } from '../support/redis'
import { startServer, type TestServer } from '../support/server'
import { waitFor } from '../support/wait-for'

/** How long a request may take while Redis is away, in ms; with Redis there it takes some 5. */
const QUICK_MS = 2_500

const occurrences = (text: string, part: string): number => text.split(part).length - 1

describe('a Redis that goes away and comes back while requests run', () => {
  let redis: TestRedis
  let server: TestServer
  beforeAll(async () => {
    redis = await startRedis()
    server = await startServer({ env: { REDIS_URL: redis.url } })
  })

  const quick = async <T>(run: PromiseLike<T>): Promise<T> => {
    const start = Date.now()
    const answer = await run
    expect(Date.now() - start).toBeLessThan(QUICK_MS)
    return answer
  }

  /** A life in each namespace, none of which may wait; answers the ids. */
  const live = async (): Promise<string[]> => {
    const ids: string[] = []
    for (const { namespace } of namespaces) {
      const api = petsApi(server.url, namespace)
      const { body: pet } = await quick(api.create().expect(201))
      await quick(api.update(pet.id, { name: 'Max' }).expect(200))
      await quick(api.remove(pet.id).expect(202))
      await quick(api.update(pet.id, { status: 'available' }).expect(200))
      await quick(api.get(pet.id).expect(200))
      await quick(api.list().expect(200))
      ids.push(pet.id)
    }
    return ids
  }

  const health = async () => (await request(server.url).get('/health').expect(200)).body.status

  const jobsDone = (ids: string[]) =>
    waitFor(
      () =>
        ids.every(
          (id) => Number(server.store().pets[id]?.nextFeedingAt) >= Number(server.store().pets[id]?.createdAt) + DAY_MS,
        ),
      { what: `the jobs of pets ${ids}`, timeout: 60_000, seen: () => ids.map((id) => server.store().pets[id]) },
    )

  const audited = (id: string, topic: string) =>
    waitFor(() => server.audit().find((line) => line.topic === topic && line.data.petId === id), {
      what: `${topic} of ${id}`,
      timeout: 60_000,
    })

  test.each([
    { how: 'with what it held', empty: false },
    { how: 'empty', empty: true },
  ])(
    'When it comes back $how, then nobody waited, the log said it once, and every job gets done',
    async ({ empty }) => {
      const from = server.output().length
      const said = () => server.output().slice(from)
      const before = await live()
      await redis.kill()
      await waitFor(async () => (await health()) === 'degraded', { what: 'health to tell' })
      const ids = await live()
      expect(occurrences(said(), 'Redis is away')).toBe(1)
      expect(occurrences(said(), 'Redis is back')).toBe(0)

      await redis.start({ empty })
      await waitFor(async () => (await health()) === 'ok', { what: 'health to be well', timeout: 20_000 })
      await jobsDone([...before, ...ids])
      for (const [index, id] of ids.entries()) {
        const { namespace } = namespaces[index] ?? { namespace: '' }
        await audited(id, `${namespace}.pet.created`)
        await audited(id, `${namespace}.pet.soft.deleted`)
        await audited(id, `${namespace}.job.postcreate.completed`)
      }
      expect(occurrences(said(), 'Redis is away')).toBe(1)
      expect(occurrences(said(), 'Redis is back')).toBe(1)
      const errors = said()
        .split('\n')
        .filter((line) => /ECONNREFUSED|MaxRetries|Unexpected/.test(line))
      expect(errors).toEqual([])
    },
  )

  test('When it is away at the end, then the server still stops with 0, without waiting for it', async () => {
    await redis.kill()
    const { code, ms } = await server.stop()
    expect(code).toBe(0)
    // At 9 s the stop would be cut short.
    expect(ms).toBeLessThan(8_500)
  })
})
