import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { last, namespaces } from '../support/namespaces'
import { petsApi } from '../support/pets-api'
import { startRedis } from '../support/redis'
import { ROOT, startServer, type TestServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'

const dieAt201 = pathToFileURL(`${ROOT}/tests/support/preload/die-at-201.mjs`).href

describe.each([
  { where: 'one folder', share: async () => ({}) },
  { where: 'one Redis', share: async () => ({ REDIS_URL: (await startRedis()).url }) },
])('two servers on $where', ({ share }) => {
  /** It is killed instead of responding to a create. */
  let victim: TestServer
  let other: TestServer

  beforeAll(async () => {
    const dataDir = makeTempDir()
    const env = await share()
    victim = await startServer({ dataDir, env: { ...env, NODE_OPTIONS: `--import ${dieAt201}` } })
    other = await startServer({ dataDir, env })
  })

  test('When many editors change the pet that all have read, then one succeeds, and the others read it again', async () => {
    const apis = [petsApi(victim.url, 'js'), petsApi(other.url, 'js')] as const
    const { id } = await apis[1].createWithJob()
    const { etag = '' } = (await apis[0].get(id)).headers
    const edits = Array.from({ length: 20 }, (_, index) =>
      apis[index % 2 ? 0 : 1].update(id, { name: `Editor ${index}` }).set('If-Match', etag),
    )
    const responses = await Promise.all(edits)
    const [winner, ...others] = responses.toSorted((a, b) => a.status - b.status)
    expect(winner?.status).toBe(200)
    for (const { status, body } of others) {
      expect([status, body]).toEqual([412, { message: 'The pet has changed: read it again' }])
    }
    await apis[0].remove(id).set('If-Match', etag).expect(412)
    for (const api of apis) {
      const { body, headers } = await api.get(id).set('If-None-Match', etag).expect(200)
      expect([body, headers.etag]).toEqual([winner?.body, winner?.headers.etag])
      await api.get(id).set('If-None-Match', String(headers.etag)).expect(304)
    }
    await apis[0].remove(id).set('If-Match', String(winner?.headers.etag)).expect(202)
  })

  test('When one is killed between write and response, then the repeated request gets that response from the other', async () => {
    const [dying, api] = [petsApi(victim.url, 'js'), petsApi(other.url, 'js')]
    const { body: before } = await api.list()
    await expect(dying.create().set('Idempotency-Key', 'k-1')).rejects.toThrow(/ECONNRESET|socket hang up/)
    expect((await victim.exited).signal).toBe('SIGKILL')
    const { body: after } = await api.list()
    expect(after).toHaveLength(before.length + 1)
    const { id, name, species, ageMonths, createdAt } = after.at(-1)

    await api.update(id, { name: 'Max', status: 'available' }).expect(200)
    const first = { id, name, species, ageMonths, status: 'new', createdAt, updatedAt: createdAt }
    await api.create().set('Idempotency-Key', 'k-1').expect(201, first)
    const rex = { name: 'Rex', species: 'dog', ageMonths: 24 }
    await api.create(rex).set('Idempotency-Key', 'k-1').expect(422, {
      message: 'This Idempotency-Key was used with another body: send a new one',
    })
    expect((await api.list()).body).toHaveLength(after.length)
    await petsApi(other.url, last.namespace).create().set('Idempotency-Key', 'k-1').expect(201)
    expect((await api.list()).body).toHaveLength(after.length + (namespaces.length > 1 ? 1 : 0))
  })
})
