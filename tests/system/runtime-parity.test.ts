import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AuditStream } from '../../src/events/audit-stream'
import { closeSharedRedis, sharedRedis } from '../../src/redis/shared-redis'
import { KEYS } from '../../src/store/redis/redis-keys'
import { namespaces } from '../support/namespaces'
import { startRedis } from '../support/redis'
import { startServer } from '../support/server'
import { eventsSuite } from './suites/events-suite'
import { petsSuite } from './suites/pets-suite'
import type { Scope, Subject } from './suites/scope'
import { validationSuite } from './suites/validation-suite'

const [js, ts, py] = namespaces.map((one): Scope => ({ namespaces: [one], atMost: 2 }))
if (!js || !ts || !py) throw new Error('There are three namespaces')
const everything = { namespaces, atMost: Number.POSITIVE_INFINITY }

const overFile = async (env: Record<string, string>): Promise<Subject> => {
  const server = await startServer({ env })
  return { server, audit: async () => server.audit(), nextId: async () => server.store().seq }
}

const overRedis = async (env: Record<string, string>): Promise<Subject> => {
  const redis = await startRedis()
  const server = await startServer({ env: { ...env, PETS_STORE: 'redis', REDIS_URL: redis.url } })
  const audit = new AuditStream(sharedRedis(redis.url), 1)
  return {
    server,
    audit: async () => (await audit.readAfter(undefined)).lines.map(({ key: _, ...line }) => line),
    nextId: async () => Number(await redis.command('GET', KEYS.seq)) + 1,
  }
}

afterAll(closeSharedRedis)

/**
 * One suite for both runtimes and both stores. In process all of it runs in every namespace; the stock runner starts a
 * process for each call, so there each part runs in one.
 */
describe.each([
  { runtime: 'in-process', store: 'a file', start: overFile, scopes: [everything, everything, everything] as const },
  { runtime: 'in-process', store: 'Redis', start: overRedis, scopes: [everything, everything, everything] as const },
  { runtime: 'process', store: 'a file', start: overFile, scopes: [js, ts, py] as const },
  { runtime: 'process', store: 'Redis', start: overRedis, scopes: [ts, py, js] as const },
])('steps that run $runtime, over $store', ({ runtime, start, scopes }) => {
  let subject: Subject
  beforeAll(async () => {
    subject = await start({ PETS_STEP_RUNTIME: runtime })
  })

  test('The server says how steps run', () => {
    const says = runtime === 'process' ? 'steps run in processes of their own' : 'steps run in process'
    expect(subject.server.output()).toContain(`${says}\n`)
  })

  petsSuite(() => subject, scopes[0])
  validationSuite(() => subject, scopes[1])
  eventsSuite(() => subject, scopes[2])

  test('When all that is done, then no error was printed and the server stops with 0', async () => {
    const errors = subject.server.output().split('\n')
    expect(errors.filter((line) => /\[ERROR]|Unexpected|failed/.test(line))).toEqual([])
    const { code } = await subject.server.stop()
    expect(code).toBe(0)
  })
})
