import assert from 'node:assert/strict'
import { z } from 'zod'
import { startRedis } from '../support/redis'
import { startServer } from '../support/server'
import { waitFor } from '../support/wait-for'
import { type Answer, Client } from './client'
import { Ledger } from './ledger'
import { startLoad } from './load'
import { type Chaos, petsIn, waitForEvents } from './scenario'
import { redisWorld } from './world'

const healthSchema = z.object({ status: z.string(), store: z.string(), queues: z.string() })

/** Waits until `/health` says that status. */
export const waitForHealth = async (url: string, status: string, timeout = 20_000): Promise<void> => {
  const client = new Client(url)
  await waitFor(async () => healthSchema.parse((await client.send('GET', '/health')).body).status === status, {
    what: `the health to be ${status}`,
    timeout,
    interval: 100,
  })
  client.close()
}

const timesIn = (text: string, part: string): number => text.split(part).length - 1

/** A failure of Redis: how it begins, and how it ends. */
interface Outage {
  name: string
  begin: () => Promise<unknown> | unknown
  end: () => Promise<unknown> | unknown
  /** The message of a refused request. */
  refusal: RegExp
  says: { first: string; last: string }
}

/** Options of the scenario. */
interface RedisAwayOptions {
  /** The shortest time for which Redis is away each time, in ms. */
  awayMs: number
  /** The outages to cause. Default: all. */
  names?: string[]
  /** Whether Redis hangs while the server stops, which then takes up to nine seconds. Default: true. */
  stopsHanging?: boolean
}

const AWAY = { first: 'Redis does not respond: jobs wait until it is back', last: 'Redis is back' }

/**
 * Redis is killed, hangs, and refuses changes while requests run. Each request must be refused within seconds with a message that
 * names Redis. `/health` must report it, and the log once. When Redis is back, nothing that was acknowledged may be missing, and
 * every job and event must follow.
 */
export const redisAway = async (
  { seed, say }: Chaos,
  { awayMs, names = ['killed', 'hanging', 'refusing'], stopsHanging = true }: RedisAwayOptions,
): Promise<void> => {
  const redis = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always'])
  const world = redisWorld(redis)
  const server = await startServer(world.options)
  const ledger = new Ledger()
  const outages: Outage[] = [
    {
      name: 'killed',
      begin: redis.kill,
      end: () => redis.start(),
      refusal: /^Redis, where the pets are kept, (cannot be reached|does not respond)$/,
      says: AWAY,
    },
    {
      name: 'hanging',
      begin: redis.hang,
      end: redis.goOn,
      refusal: /^Redis, where the pets are kept, (cannot be reached|does not respond)$/,
      says: AWAY,
    },
    {
      name: 'refusing',
      begin: () => redis.command('CONFIG', 'SET', 'maxmemory', '1'),
      end: () => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
      refusal: /^Redis has no memory left to store the change$/,
      says: { first: 'Redis refuses jobs for the queue', last: 'Redis accepts jobs for the queue' },
    },
  ]
  for (const [index, { name, begin, end, refusal, says }] of outages
    .filter((outage) => names.includes(outage.name))
    .entries()) {
    const from = server.output().length
    const answers: Answer[] = []
    const load = startLoad({
      url: server.url,
      ledger,
      seed: seed + index,
      pause: 20,
      onAnswer: (answer) => answers.push(answer),
    })
    await waitFor(() => answers.length > 50, { what: 'the load' })
    await begin()
    const begunAt = Date.now()
    await waitFor(() => answers.some(({ status }) => status >= 500), { what: 'a refusal', timeout: 15_000 })
    const refusals = () => answers.filter(({ status }) => status >= 400)
    await waitFor(() => Date.now() - begunAt > awayMs && refusals().length > 5, {
      what: 'refusals',
      timeout: 30_000 + awayMs,
    })
    await end()
    await waitForHealth(server.url, 'ok')
    assert.equal((await load.stop()).size, 0, 'a connection was lost')
    for (const { status, body } of refusals()) {
      assert.match(
        z.object({ message: z.string() }).parse(body).message,
        refusal,
        `a ${status} while Redis was ${name}`,
      )
    }
    const slowest = Math.max(...answers.map(({ ms }) => ms))
    assert(slowest < 12_000, `a request took ${slowest} ms`)
    const log = server.output().slice(from)
    const said = [timesIn(log, says.first), timesIn(log, says.last)]
    // While the store refuses changes, there may be no event by which the queues would show that they do not respond.
    assert.deepEqual(said, name !== 'killed' && said[0] === 0 ? [0, 0] : [1, 1], `not said once: ${says.first}`)
    say(
      `Redis ${name}: ${refusals().length} of ${answers.length} requests refused, the slowest in ${Math.round(slowest)} ms`,
    )
  }
  await waitForEvents(world, ledger, 60_000)
  ledger.compare(await petsIn(world))
  // The worst case is a Redis that hangs while the server stops.
  if (stopsHanging) redis.hang()
  const exit = await server.stop()
  redis.goOn()
  assert.deepEqual([exit.code, exit.ms < 10_000], [0, true], `it ended with ${exit.code} after ${exit.ms} ms`)
  say(`stopped in ${exit.ms} ms`)
}
