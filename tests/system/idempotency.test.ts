import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { petsApi } from '../support/pets-api'
import { startRedis } from '../support/redis'
import { ROOT, startServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'

const dieAt201 = pathToFileURL(`${ROOT}/tests/support/preload/die-at-201.mjs`).href

test.each([
  { where: 'a folder', share: async () => ({}) },
  { where: 'a Redis', share: async () => ({ REDIS_URL: (await startRedis()).url }) },
])(
  'When a server is killed between write and response, then the repeated request gets that response from another on $where',
  async ({ share }) => {
    const dataDir = makeTempDir()
    const env = await share()
    const [victim, other] = await Promise.all([
      startServer({ dataDir, env: { ...env, NODE_OPTIONS: `--import ${dieAt201}` } }),
      startServer({ dataDir, env }),
    ])
    const [dying, api] = [petsApi(victim.url, 'js'), petsApi(other.url, 'js')]
    const before = Date.now()
    await expect(dying.create().set('Idempotency-Key', 'k-1')).rejects.toThrow(/ECONNRESET|socket hang up/)
    const { body: stored } = await api.get('1').expect(200)
    expect(stored.createdAt).toBeGreaterThanOrEqual(before)

    await api.update('1', { name: 'Max' }).expect(200)
    const { id, name, species, ageMonths, status, createdAt } = { ...stored, name: 'Buddy' }
    const first = { id, name, species, ageMonths, status, createdAt, updatedAt: createdAt }
    await api.create().set('Idempotency-Key', 'k-1').expect(201, first)
    await api.create({ name: 'Rex', species: 'dog', ageMonths: 24 }).set('Idempotency-Key', 'k-1').expect(422, {
      message: 'This Idempotency-Key was used with another body: send a new one',
    })
    expect((await api.list()).body).toHaveLength(1)
    await petsApi(other.url, 'ts').create().set('Idempotency-Key', 'k-1').expect(201)
    expect((await api.list()).body).toHaveLength(2)
  },
)
