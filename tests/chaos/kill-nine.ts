import assert from 'node:assert/strict'
import { freePort } from '../support/free-port'
import { copyImpatientProject } from '../support/impatient-project'
import { startServer } from '../support/server'
import { waitFor } from '../support/wait-for'
import { Ledger } from './ledger'
import { startLoad } from './load'
import { Random } from './random'
import { type Chaos, checkNothingLeft, petsIn, waitForEvents } from './scenario'
import type { World } from './world'

/** Options of the scenario. */
interface KillNineOptions {
  rounds: number
  makeWorld: () => Promise<World>
  /** How long after the last start the last event may arrive, in ms. The promise is one minute. */
  settlingMs?: number
}

/** How many soft-deleted pets become due in each round. */
const DUE_PER_ROUND = 20

/**
 * Makes pets due that no client changes any more, and whose events are all in the audit trail: a job for a pet that was purged
 * has nothing to do.
 */
export const makeDue = async ({ store, audit }: World, ledger: Ledger, most = DUE_PER_ROUND): Promise<void> => {
  const waiting = new Set(ledger.eventProblems(await audit()).missing.map(({ id }) => id))
  const due = [...ledger.pets.values()].filter(
    ({ id, possible }) => !waiting.has(id) && possible.every(({ status }) => status === 'deleted'),
  )
  for (const { id } of due.slice(0, most)) {
    await store.update(id, (pet) => ({ ...pet, purgeAt: Date.now() - 1 }))
    ledger.purged(id)
  }
}

/**
 * Kills the server (kill -9), and sometimes its Redis, at random moments under load, and restarts it, while the reapers purge
 * every second. Nothing that was acknowledged may be missing, no id may be given twice, and soon after the last start each event
 * of each acknowledged change must be in the audit trail exactly once.
 */
export const killNine = async (
  { seed, say }: Chaos,
  { rounds, makeWorld, settlingMs = 60_000 }: KillNineOptions,
): Promise<void> => {
  const random = new Random(seed)
  const { root } = copyImpatientProject({ reaperCron: '* * * * * *' })
  const world = await makeWorld()
  const port = await freePort()
  const ledger = new Ledger()
  for (let round = 1; round <= rounds; round++) {
    const server = await startServer({ root, port, ...world.options })
    await makeDue(world, ledger)
    const load = startLoad({ url: server.url, ledger, seed: seed + round })
    // Sometimes under full load, sometimes when the load has only just begun.
    const enough = ledger.acknowledged + random.int(1, 400)
    await waitFor(() => ledger.acknowledged >= enough, { what: 'changes', timeout: 30_000, interval: 5 })
    const isStorageKilled = random.chance(0.5)
    await Promise.all([server.kill(), isStorageKilled && world.kill()])
    await load.stop()
    if (isStorageKilled) await world.revive()
    ledger.compare(await petsIn(world))
    say(`round ${round}: ${Object.entries(ledger.counts).map(([what, count]) => `${count} ${what}`)} so far`)
  }
  const server = await startServer({ root, port, ...world.options })
  await waitForEvents(world, ledger, settlingMs)
  const exit = await server.stop()
  assert.equal(exit.code, 0)
  ledger.compare(await petsIn(world))
  await world.store.close()
  if (world.options.dataDir) checkNothingLeft(world.options.dataDir)
  const { creates, updates, deletes, purges } = ledger.counts
  assert(creates > 0 && updates > 0 && deletes > 0 && purges > 0)
  say(`${rounds} rounds: nothing lost, every event once`)
}
