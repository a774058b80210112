import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../support/free-port'
import { startServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'
import { Ledger } from './ledger'
import { startLoad } from './load'
import { Random } from './random'
import { auditedPets, type Chaos, checkNothingLeft, copyImpatientProject, readStore, waitForJobs } from './scenario'

/** How many soft-deleted pets become due between two rounds. */
const DUE_PER_ROUND = 20

/** Lets soft-deleted pets be due, as a person does who edits the file. The server does not run. */
const makeDue = (dataDir: string, ledger: Ledger): string[] => {
  const store = readStore(dataDir)
  const due = [...ledger.pets.keys()].filter((id) => store.pets[id]?.status === 'deleted').slice(0, DUE_PER_ROUND)
  if (due.length === 0) return []
  for (const id of due) {
    Object.assign(store.pets[id] ?? {}, { purgeAt: Date.now() - 1 })
    ledger.retire(id)
  }
  writeFileSync(join(dataDir, 'pets.json'), `${JSON.stringify(store, null, 2)}\n`)
  return due
}

/**
 * Kills the server (kill -9) at random moments under load and starts it again on the same data, while the reapers purge:
 * nothing that was acknowledged is missing, no id is given twice, every pet gets its job, every purge is audited once.
 */
export const killNine = async ({ seed, say }: Chaos, { rounds }: { rounds: number }): Promise<void> => {
  const random = new Random(seed)
  const { root } = copyImpatientProject()
  const dataDir = makeTempDir()
  const port = await freePort()
  const ledger = new Ledger()
  const purged: string[] = []
  for (let round = 1; round <= rounds; round++) {
    const server = await startServer({ root, dataDir, port })
    const load = startLoad({ url: server.url, ledger, seed: seed + round })
    // Now in the thick of it, now while it has hardly begun.
    const enough = ledger.acknowledged + random.int(1, 400)
    await waitFor(() => ledger.acknowledged >= enough, { what: 'changes', timeout: 30_000, interval: 5 })
    process.kill(server.pid, 'SIGKILL')
    await server.exited
    await load.stop()
    ledger.compare(readStore(dataDir).pets)
    const due = makeDue(dataDir, ledger)
    purged.push(...due)
    const { creates, updates, deletes, unanswered } = ledger.counts
    say(`round ${round}: ${creates} created, ${updates} updated, ${deletes} deleted, ${unanswered} unanswered so far`)
  }
  const server = await startServer({ root, dataDir, port })
  await waitForJobs(dataDir, 60_000)
  const isPurged = (id: string) => readStore(dataDir).pets[id] === undefined
  await waitFor(() => purged.every(isPurged), { what: 'every due pet to be purged', timeout: 60_000, interval: 200 })
  await waitFor(() => auditedPets(dataDir, '.pet.purged').size === purged.length, {
    what: `the purges of ${purged.length} pets in the audit trail`,
    timeout: 60_000,
    interval: 200,
    seen: () => auditedPets(dataDir, '.pet.purged').size,
  })
  const exit = await server.stop()
  assert.equal(exit.code, 0)
  ledger.compare(readStore(dataDir).pets)
  for (const [id, count] of auditedPets(dataDir, '.pet.purged')) {
    assert.equal(count, 1, `the purge of pet ${id} is in the audit trail ${count} times`)
    assert(purged.includes(id), `pet ${id} was purged and was not due`)
  }
  checkNothingLeft(dataDir)
  assert(ledger.counts.creates > 0 && ledger.counts.updates > 0 && ledger.counts.deletes > 0 && purged.length > 0)
  say(`${rounds} rounds: nothing lost, ${purged.length} pets purged and audited once each`)
}
