import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { nodeFiles } from 'motia-runtime'
import { Random } from '../chaos/random'
import type { Chaos } from '../chaos/scenario'
import { FaultyCalls, failuresOf } from './faulty-calls'
import { makeMemoryFolder } from './power-cuts'
import { type Fact, newPet, Promises } from './promises'
import { quietly } from './quietly'
import { openShop } from './shop'
import { runWorkload } from './workload'

/** How many workloads run at a time: most of the time each waits until what failed is tried again. */
const AT_A_TIME = 40

/** How many clients a workload has. With fewer, there is no dead letter. */
const CLIENTS = 5

/** What may be left in the folder of a shop that was stopped. */
const FILES = /^(pets\.json(\.lock)?|audit\.jsonl|dead-letters\.jsonl|cron|cron\/Reaper\.lease|queues)$/

export interface FailingOptions {
  seed: number
  /** How many faults are tried at most, picked at random; all unless given. */
  most?: number
}

/** The result of many faults. */
export interface Failures {
  /** How many calls the workload makes, and how many faults occurred in it. */
  calls: number
  faults: number
  /** How often a call of each name has failed, and how often in each way. */
  byName: Map<string, number>
  byFailure: Map<string, number>
  /** For each fault that did harm: which, and what. */
  problems: string[]
}

/**
 * Runs a workload again and again, each time with a different fault: each of its calls fails in each possible way, once or from
 * then on.
 */
export const failCalls = ({ seed, most }: FailingOptions): Promise<Failures> =>
  quietly(async () => {
    const healthy = new FaultyCalls()
    const problems = await runWith(healthy)
    // The number of later calls depends on timing.
    const faults = healthy.exposed.flatMap((name, index) =>
      failuresOf(name).flatMap((failure) => [false, true].map((isLasting) => ({ at: index + 1, failure, isLasting }))),
    )
    const byName = new Map<string, number>()
    const byFailure = new Map<string, number>()
    let made = 0
    const waiting = new Random(seed).shuffle(faults).slice(0, most)
    const next = async (): Promise<void> => {
      for (let fault = waiting.pop(); fault && problems.length < 20; fault = waiting.pop()) {
        const { at, failure, isLasting } = fault
        const faulty = new FaultyCalls(fault)
        const found = await runWith(faulty)
        const { failed } = faulty
        // Runs differ: this one has made fewer calls.
        if (!failed) continue
        made += 1
        byName.set(failed, (byName.get(failed) ?? 0) + 1)
        byFailure.set(failure, (byFailure.get(failure) ?? 0) + 1)
        const what = `call ${at}, ${failed}: ${failure}${isLasting ? ' from then on' : ''}`
        problems.push(...found.map((problem) => `${what}: ${problem}`))
      }
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, next))
    return { calls: healthy.exposed.length, faults: made, byName, byFailure, problems }
  })

/** The long form: every fault in every call. */
export const failingCalls = async ({ seed, say }: Chaos): Promise<void> => {
  const { calls, faults, byName, byFailure, problems } = await failCalls({ seed })
  assert.deepEqual(problems, [])
  say(`${faults} faults in ${calls} calls: nothing is lost, leaked or acknowledged falsely`)
  for (const counts of [byFailure, byName]) say([...counts].map(([name, count]) => `${name} ${count}`).join(', '))
}

/** Runs the workload, and returns what is wrong afterwards. */
const runWith = async (faulty: FaultyCalls): Promise<string[]> => {
  const dataDir = makeMemoryFolder()
  const facts: Fact[] = []
  const problems: string[] = []
  const note = (fact: Fact) => facts.push(fact)
  const run = (name: number) =>
    runWorkload({
      dataDir,
      calls: faulty.calls,
      editorCalls: nodeFiles,
      note,
      clients: CLIENTS,
      servers: 1,
      run: name,
      isLast: true,
      onRefused: (error) => problems.push(...leaks(error)),
      afterwards: async ({ pets, sweep }) => {
        faulty.heal()
        const healed = `healed-${name}`
        facts.push({ kind: 'asked', pet: healed, state: '0 new' })
        const { pet } = await pets.create(newPet(healed), () => [], healed)
        facts.push({ kind: 'acked', pet: pet.name, id: pet.id, events: [] })
        // A change that was refused may still have been stored, without its events being emitted.
        await sweep()
      },
    })
  try {
    // So that there is something to take over from a server that was there before.
    const healthy = { calls: nodeFiles, editorCalls: nodeFiles }
    await runWorkload({ dataDir, ...healthy, note, clients: CLIENTS, servers: 1, run: 0, isLast: false })
    await run(1).catch(async (error) => {
      // A server that cannot start says why in one line, and starts when the fault is over.
      if (!faulty.failed) throw error
      faulty.heal()
      await run(2)
    })
    if (faulty.open.length > 0) problems.push(`left open: ${faulty.open.join(', ')}`)
    problems.push(...(await brokenAfterwards(new Promises(facts), dataDir)))
  } catch (error) {
    problems.push(error instanceof Error ? `${error.message} ${error.cause ?? ''}` : String(error))
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
  return problems
}

/** What the response to a refused client must not reveal. */
const leaks = (error: unknown): string[] =>
  error instanceof Error && error.name === 'StoreError' && error.message.includes('/')
    ? [`a path was told: ${error.message}`]
    : []

/** Returns what is wrong for the next server in the folder. */
const brokenAfterwards = async (promises: Promises, dataDir: string): Promise<string[]> => {
  const problems: string[] = []
  const shop = await openShop({ dataDir })
  try {
    problems.push(...(await promises.brokenAtStart(shop, dataDir)))
    await shop.idle()
    problems.push(...(await promises.brokenAtEnd(shop, dataDir)))
  } finally {
    await shop.stop()
  }
  JSON.parse(readFileSync(join(dataDir, 'pets.json'), 'utf8'))
  const left = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).filter((name) => !FILES.test(name))
  if (left.length > 0) problems.push(`files left: ${left.join(', ')}`)
  return problems
}
