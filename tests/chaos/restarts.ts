import assert from 'node:assert/strict'
import { freePort } from '../support/free-port'
import { startServer } from '../support/server'
import { waitFor } from '../support/wait-for'
import { Ledger } from './ledger'
import { startLoad } from './load'
import { Random } from './random'
import { type Chaos, checkNothingLeft, readStore, waitForEvents } from './scenario'
import { makeFolder } from './world'

/**
 * The one thing no server can help: a new connection that the kernel made at the very moment the listening socket closed. Four
 * of the clients make one at any time; a stop waits for a moment without, which a busy machine may not give it.
 */
const MOST_RESET = 3

/**
 * The server is stopped by SIGTERM under load and started again: clients, with connections kept alive and with new ones, get
 * every response they wait for, or find nobody to connect to; no event is lost, each stop takes seconds.
 */
export const restarts = async ({ seed, say }: Chaos, { rounds }: { rounds: number }): Promise<void> => {
  const random = new Random(seed)
  const world = await makeFolder()
  const { dataDir } = world
  const port = await freePort()
  const ledger = new Ledger()
  const stops: number[] = []
  let refused = 0
  let knocked = 0
  for (let round = 1; round <= rounds; round++) {
    const server = await startServer({ dataDir, port })
    const load = startLoad({ url: server.url, ledger, seed: seed + round, clients: 16, freshEvery: 4 })
    const enough = ledger.acknowledged + random.int(30, 300)
    await waitFor(() => ledger.acknowledged >= enough, { what: 'changes', timeout: 30_000, interval: 5 })
    const unanswered = ledger.counts.unanswered
    const exit = await server.stop()
    const failures = await load.stop()
    stops.push(exit.ms)
    assert.equal(exit.code, 0, `it ended with ${exit.code ?? exit.signal}:\n${server.output().slice(-2_000)}`)
    assert(exit.ms < 10_000, `it took ${exit.ms} ms to stop`)
    for (const what of ['ECONNREFUSED', 'ECONNREFUSED fresh']) {
      refused += failures.get(what) ?? 0
      failures.delete(what)
    }
    const reset = failures.get('ECONNRESET fresh') ?? 0
    failures.delete('ECONNRESET fresh')
    assert(reset <= MOST_RESET, `${reset} new connections were reset by one stop`)
    knocked += reset
    assert.deepEqual([...failures], [], 'requests under way were cut off')
    assert(ledger.counts.unanswered - unanswered > 0, 'the load ended before the server')
    // Everything that was under way has ended: the file holds it, and no write is half.
    checkNothingLeft(dataDir)
    ledger.compare(readStore(dataDir).pets)
  }
  const server = await startServer({ dataDir, port })
  await waitForEvents(world, ledger, 30_000)
  assert.equal((await server.stop()).code, 0)
  say(
    `${rounds} stops under load, each within ${Math.max(...stops)} ms: ${ledger.acknowledged} changes, none cut off, ${refused} connections refused, ${knocked} new ones reset`,
  )
}
