import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { NAMESPACES } from '../../src/pets/pet'
import { startClients } from '../histories/clients'
import { httpEndpoint } from '../histories/http-endpoint'
import { startServer } from '../support/server'
import { waitFor } from '../support/wait-for'
import { Random } from './random'
import type { Chaos } from './scenario'
import type { World } from './world'

/** Options of the scenario. */
interface HistoriesOptions {
  makeWorld: () => Promise<World>
  servers: number
  rounds: number
  /** How long a server is stopped (SIGSTOP), in ms. */
  stopMs: number
  /** How many requests are recorded between two faults, at least. */
  requests: number
  /**
   * Whether the reads of all servers are checked together. If not, the reads of each server are checked with the changes of all:
   * on one folder, other servers may show a change before it is acknowledged, and its own server only afterwards.
   */
  areReadsShared: boolean
}

/**
 * Clients change and read the same pets through several servers. Servers and Redis are killed (kill -9) and stopped (SIGSTOP).
 * Each pet's history must be linearizable. A change without a response may have been made at any time, or not at all.
 */
export const histories = async (
  { seed, say }: Chaos,
  { makeWorld, servers: count, rounds, stopMs, requests, areReadsShared }: HistoriesOptions,
): Promise<void> => {
  const random = new Random(seed)
  const world = await makeWorld()
  const servers = await Promise.all(Array.from({ length: count }, () => startServer(world.options)))
  const load = startClients({
    connect: () => {
      // An `Idempotency-Key` is valid in one namespace.
      const namespace = random.pick(NAMESPACES)
      return servers.map(({ url }) => httpEndpoint(url, namespace))
    },
    seed,
    clients: 8,
    pets: 10,
    pause: 10,
  })
  const { history } = load
  const more = (howMany: number) => {
    const enough = history.size + howMany
    return waitFor(() => history.size >= enough, { what: `${howMany} more requests`, timeout: 60_000 })
  }
  const faults: [name: string, run: (index: number) => Promise<void>][] = [
    [
      'killed',
      async (index) => {
        const server = servers[index]
        await server?.kill()
        await more(20)
        servers[index] = await startServer({ ...world.options, port: server?.port })
      },
    ],
    [
      'stopped',
      async (index) => {
        const pid = servers[index]?.pid ?? 0
        process.kill(pid, 'SIGSTOP')
        await sleep(stopMs)
        process.kill(pid, 'SIGCONT')
      },
    ],
    [
      'storage killed',
      async () => {
        await world.kill()
        await sleep(random.int(0, 500))
        await world.revive()
      },
    ],
  ]
  const used = world.options.dataDir ? faults.slice(0, 2) : faults
  for (let round = 0; round < rounds; round++) {
    await more(requests)
    const index = random.int(0, count - 1)
    const [name, run] = used[round % used.length] ?? []
    await run?.(index)
    say(`round ${round + 1}: ${name}, server ${index}; ${history.size} requests on ${history.ids.length} pets`)
  }
  await more(requests)
  // The clients read everything once more when they end. A server may still be reconnecting to Redis.
  const isReady = async () =>
    (await Promise.all(servers.map(({ url }) => fetch(`${url}/readyz`)))).every(({ ok }) => ok)
  await waitFor(isReady, { what: 'every server to be ready', timeout: 30_000 })
  await load.stop()
  for (const server of servers) assert.equal((await server.stop()).code, 0)
  await world.store.close()
  for (const reader of areReadsShared ? [undefined] : servers.keys()) assert.equal(history.problem(reader), null)
  const { size, unanswered, matched } = history
  say(
    `${size} requests, ${unanswered} of them without a response, ${matched} updates with If-Match: every history is linearizable`,
  )
}
