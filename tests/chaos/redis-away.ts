import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { startRedis } from '../support/redis'
import { isAlive, redisPid, startServer, type TestServer } from '../support/server'
import { waitFor } from '../support/wait-for'
import { type Answer, Client } from './client'
import { Ledger } from './ledger'
import { startLoad } from './load'
import { auditedPets, type Chaos, checkNothingLeft, readStore, waitForJobs } from './scenario'

const healthSchema = z.object({ status: z.string(), store: z.string(), redis: z.string() })

/** Waits until `/health` answers 200 with that status. */
export const waitForHealth = async (url: string, status: string, timeout = 20_000): Promise<void> => {
  const client = new Client(url)
  await waitFor(
    async () => {
      const answer = await client.send('GET', '/health')
      assert.equal(answer.status, 200)
      return healthSchema.parse(answer.body).status === status
    },
    { what: `the health to be ${status}`, timeout, interval: 100 },
  )
  client.close()
}

const timesIn = (text: string, part: string): number => text.split(part).length - 1

/** What Redis can do to a server: how it begins, and how it ends. */
interface Outage {
  name: string
  begin: () => Promise<unknown> | unknown
  end: () => Promise<unknown> | unknown
}

/**
 * Redis is killed and comes back empty, hangs, and refuses what it is given, while requests run: every request is answered
 * as if nothing were wrong, `/health` tells, the log says it once, and the jobs come after Redis is back.
 */
export const redisAway = async ({ seed, say }: Chaos, { awayMs }: { awayMs: number }): Promise<void> => {
  const redis = await startRedis()
  const server = await startServer({ env: { REDIS_URL: redis.url } })
  const ledger = new Ledger()
  const answers: Answer[] = []
  const onAnswer = (answer: Answer) => answers.push(answer)
  const outages: Outage[] = [
    { name: 'killed, and back empty', begin: redis.kill, end: () => redis.start({ empty: true }) },
    { name: 'hanging', begin: redis.hang, end: redis.goOn },
    {
      name: 'refusing',
      begin: () => redis.command('CONFIG', 'SET', 'maxmemory', '1'),
      end: () => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
    },
  ]
  let firstKept = 1
  for (const [index, { name, begin, end }] of outages.entries()) {
    const from = server.output().length
    const load = startLoad({ url: server.url, ledger, seed: seed + index, pause: 20, onAnswer })
    await sleep(300)
    await begin()
    answers.length = 0
    await waitForHealth(server.url, 'degraded')
    await sleep(awayMs)
    const answered = answers.length
    assert(answered > 20, `only ${answered} requests were answered while Redis was ${name}`)
    await end()
    await waitForHealth(server.url, 'ok')
    assert.equal((await load.stop()).size, 0, 'a connection was lost')
    const wrong = answers.filter(({ status }) => status >= 400)
    assert.deepEqual(wrong.slice(0, 3), [], `${wrong.length} of ${answers.length} requests failed`)
    const slowest = Math.max(...answers.map(({ ms }) => ms))
    assert(slowest < 5_000, `a request took ${slowest} ms`)
    await waitForJobs(server.dataDir, 60_000)
    const log = server.output().slice(from)
    assert.equal(timesIn(log, 'Redis is away: requests go on'), 1, 'the log says it once')
    assert.equal(timesIn(log, 'Redis is back'), 1)
    // Beside that, only jobs that were under way fail: there are so many at most as may run at a time.
    const failed = timesIn(log, ' failed ')
    assert(failed < 150, `the log has ${failed} failures of steps`)
    // What was in the queue of a Redis that came back empty is gone; all later events are not.
    if (index === 0) firstKept = readStore(server.dataDir).seq
    say(`Redis ${name}: ${answered} requests answered meanwhile, the slowest in ${Math.round(slowest)} ms; jobs came`)
  }
  await checkNoEventLost(server, firstKept)
  // Nothing is more away than a Redis that hangs while the server stops.
  redis.hang()
  const exit = await server.stop()
  redis.goOn()
  assert.deepEqual([exit.code, exit.ms < 10_000], [0, true], `it ended with ${exit.code} after ${exit.ms} ms`)
  ledger.compare(readStore(server.dataDir).pets)
  say(`stopped while Redis hung, in ${exit.ms} ms`)
}

/** Events wait in the server while Redis is away or refuses: the audit trail has every creation from an id on. */
const checkNoEventLost = async (server: TestServer, first = 1): Promise<void> => {
  const ids = Object.keys(readStore(server.dataDir).pets).filter((id) => Number(id) >= first)
  const missing = () => ids.filter((id) => !auditedPets(server.dataDir, '.pet.created').has(id))
  await waitFor(() => missing().length === 0, {
    what: 'every creation in the audit trail',
    timeout: 20_000,
    interval: 100,
    seen: () => `${missing().length} of ${ids.length} missing`,
  })
}

/** The private Redis dies: it is started again with what it held, and the server, and then its next start, go on with it. */
export const privateRedisDies = async ({ seed, say }: Chaos): Promise<void> => {
  const server = await startServer()
  const ledger = new Ledger()
  const load = startLoad({ url: server.url, ledger, seed, pause: 20, clients: 4 })
  const first = redisPid(server.dataDir)
  assert(first !== null && isAlive(first))
  await waitFor(() => ledger.acknowledged > 30, { what: 'changes' })
  process.kill(first, 'SIGKILL')
  await server.printed('Redis is back', { timeout: 30_000 })
  await load.stop()
  await waitForJobs(server.dataDir, 60_000)
  const second = redisPid(server.dataDir)
  assert(second !== first && isAlive(second))
  await checkNoEventLost(server)
  const exit = await server.stop()
  assert.equal(exit.code, 0)
  await waitFor(() => !isAlive(second), { what: 'the private Redis to end with its server' })
  checkNothingLeft(server.dataDir)
  ledger.compare(readStore(server.dataDir).pets)
  say('the private Redis was killed and came back with its jobs')
}
