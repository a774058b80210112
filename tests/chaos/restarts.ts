import assert from 'node:assert/strict'
import { freePort } from '../support/free-port'
import { startServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'
import { Ledger } from './ledger'
import { startLoad } from './load'
import { Random } from './random'
import { auditedPets, type Chaos, checkNothingLeft, readStore, waitForJobs } from './scenario'

/**
 * The one thing no server can help: a new connection that the kernel made at the very moment the listening socket closed. Four
 * of the clients make one at any time; a stop waits for a moment without, which a busy machine may not give it.
 */
const MOST_RESET = 3

/**
 * The server is stopped by SIGTERM under load and started again: clients, with connections kept alive and with new ones, get
 * every answer they wait for, or find nobody to connect to; no job runs half, no event is lost, each stop takes seconds.
 */
export const restarts = async ({ seed, say }: Chaos, { rounds }: { rounds: number }): Promise<void> => {
  const random = new Random(seed)
  const dataDir = makeTempDir()
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
    assert.deepEqual([...failures], [], 'requests in flight were cut off')
    assert(ledger.counts.unanswered - unanswered > 0, 'the load ended before the server')
    // Whatever was under way has ended: no write is half, and no job has done its work and kept it to itself.
    checkNothingLeft(dataDir)
    ledger.compare(readStore(dataDir).pets)
  }
  const server = await startServer({ dataDir, port })
  await waitForJobs(dataDir, 60_000)
  const ids = Object.keys(readStore(dataDir).pets)
  for (const topic of ['.pet.created', '.job.postcreate.completed']) {
    const missing = () => ids.filter((id) => !auditedPets(dataDir, topic).has(id))
    await waitFor(() => missing().length === 0, {
      what: `${topic} of every pet in the audit trail`,
      timeout: 30_000,
      interval: 200,
      seen: () => `${missing().length} of ${ids.length} missing: ${missing().slice(0, 10)}`,
    })
  }
  for (const [id, count] of auditedPets(dataDir, '.pet.created'))
    assert.equal(count, 1, `pet ${id} is audited ${count} times`)
  assert.equal((await server.stop()).code, 0)
  say(
    `${rounds} stops under load, each within ${Math.max(...stops)} ms: ${ledger.acknowledged} changes answered, none cut off, ${refused} connections refused, ${knocked} new ones reset`,
  )
}
