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
 * How many new connections one stop may reset. No server can prevent it for one that the kernel accepts at the moment when the
 * listening socket closes. A stop waits for a moment without new connections, but on a busy machine there may be none.
 */
const MOST_RESET = 3

/**
 * The server is stopped with SIGTERM under load and restarted. Clients with old and with new connections must get every response
 * that they wait for, or be unable to connect. No event may be lost, and each stop must take only seconds.
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
    // Everything that was under way has ended: the file contains it, and no write is incomplete.
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
