import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FileCalls } from 'motia-runtime'
import { aroundCalls, systemError } from '../../packages/motia-runtime/tests/files/watched-calls'
import { Random } from '../chaos/random'
import type { Chaos } from '../chaos/scenario'
import { MUTANTS, SYNC_AGAIN, SYNCS } from './mutants'
import { type CutFolder, cutFolders, layOut } from './power-cut'
import { type Fact, Promises } from './promises'
import { quietly } from './quietly'
import { type Entry, Recorder } from './recorder'
import { openShop } from './shop'
import { runWorkload } from './workload'

/** How many folders recover at a time: most of the time each waits for the back-off of a job that was interrupted. */
const AT_A_TIME = 100

/** Makes an empty folder in memory, if the system has such a disk. */
export const makeMemoryFolder = () => mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'power-cut-'))

export interface PowerCutOptions {
  /** The seed for the choice of folders, and of how they are torn. */
  seed: number
  /** How many clients the shop has each time that it is started. */
  clients: number
  /** How often it is started: once with one server, then with two, and so on. */
  starts: number
  /** How many of the folders recover at most. */
  most?: number
  /** How many broken folders are enough to stop; 20 unless given. */
  enough?: number
  /** How many of the syncs fail, from 0 to 1; none unless given. */
  failures?: number
  /** Wraps the calls between the shop and the disk. Default: nothing. */
  mutate?: (calls: FileCalls) => FileCalls
}

/** The result of many power cuts. */
export interface PowerCuts {
  /** How many folders a power cut may leave, and how many of these were recovered. */
  found: number
  recovered: number
  /** For each folder that is broken after it recovered: after which power cut, and how. */
  broken: string[]
}

/** Records a workload, and recovers what power cuts in it may leave; stops early if much of that is broken. */
export const cutPower = ({
  seed,
  clients,
  starts,
  most,
  enough = 20,
  failures = 0,
  mutate,
}: PowerCutOptions): Promise<PowerCuts> =>
  quietly(async () => {
    const random = new Random(seed)
    const log = await record({ clients, starts, failures, mutate }, random)
    const folders = random.shuffle(cutFolders(log, random))
    const chosen = folders.slice(0, most)
    const broken: string[] = []
    let recovered = 0
    const next = async (): Promise<void> => {
      for (let folder = chosen.pop(); folder && broken.length < enough; folder = chosen.pop()) {
        const problems = await recover(log, folder)
        recovered += 1
        if (problems.length > 0) broken.push(`after ${folder.cut} of ${log.length} calls: ${problems.join('; ')}`)
      }
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, next))
    return { found: folders.length, recovered, broken }
  })

/** The long form: every folder of a workload, and every mutant. */
export const powerCuts = async ({ seed, say }: Chaos): Promise<void> => {
  const { found, recovered, broken } = await cutPower({ seed, clients: 7, starts: 2 })
  assert.deepEqual(broken, [])
  assert(recovered >= 10_000, `only ${recovered} folders`)
  say(`${recovered} of ${found} folders that a power cut may leave: nothing is lost in any`)
  const failing = await cutPower({ seed, clients: 10, starts: 2, most: 5_000, failures: 0.1 })
  assert.deepEqual(failing.broken, [])
  say(`${failing.recovered} of ${failing.found} folders after syncs that failed: nothing is lost in any`)
  const again = await cutPower({ seed, clients: 10, starts: 1, most: 1_000, failures: 0.3, mutate: SYNC_AGAIN })
  assert.notEqual(again.broken.length, 0, 'nobody noticed that a sync was tried again')
  say(`a sync that fails is tried again: ${again.broken.length} of ${again.recovered} folders lose data, as they must`)
  for (const [what, mutate] of MUTANTS) {
    const mutant = await cutPower({ seed, clients: 4, starts: 1, most: 1_000, mutate })
    assert.notEqual(mutant.broken.length, 0, `nobody noticed that ${what}`)
    say(`${what}: ${mutant.broken.length} of ${mutant.recovered} folders lose data, as they must`)
  }
}

const record = async (
  { clients, starts, failures = 0, mutate }: Omit<PowerCutOptions, 'seed'>,
  random: Random,
): Promise<Entry<Fact>[]> => {
  const dataDir = makeMemoryFolder()
  try {
    const recorder = new Recorder<Fact>(dataDir)
    // After that, a job that fails again and again would wait for up to 30 s.
    let areClientsDone = false
    const disk = failingSyncs(recorder, () => !areClientsDone && random.chance(failures))
    const calls = mutate?.(disk) ?? disk
    const onRefused = failures > 0 ? () => {} : undefined
    const note = (fact: Fact) => recorder.note(fact)
    for (let run = 1; run <= starts; run++) {
      const isLast = run === starts
      areClientsDone = false
      await runWorkload({
        dataDir,
        calls,
        editorCalls: recorder.calls,
        note,
        clients,
        run,
        servers: run,
        isLast,
        onRefused,
        afterwards: async () => {
          areClientsDone = true
        },
      })
    }
    return recorder.log
  } finally {
    rmSync(dataDir, { recursive: true })
  }
}

/** The recorder's calls, of which some syncs fail. */
const failingSyncs = <Note>(recorder: Recorder<Note>, isFailing: () => boolean): FileCalls =>
  aroundCalls((name, args, make) => {
    if (!SYNCS.includes(name) || !isFailing()) return make()
    recorder.syncFailed(args[0])
    const done = args.at(-1)
    if (typeof done !== 'function') throw systemError('EIO')
    setImmediate(() => done(systemError('EIO')))
    return undefined
  }, recorder.calls)

/** Starts a shop in the folder, and returns what is wrong with it. */
const recover = async (log: readonly Entry<Fact>[], cutFolder: CutFolder): Promise<string[]> => {
  const facts = log.slice(0, cutFolder.cut).flatMap((entry) => (entry.kind === 'fact' ? entry.fact : []))
  const promises = new Promises(facts)
  const dataDir = makeMemoryFolder()
  try {
    layOut(dataDir, cutFolder)
    const shop = await openShop({ dataDir })
    try {
      const atStart = await promises.brokenAtStart(shop, dataDir)
      if (atStart.length > 0) return atStart
      await shop.idle()
      return await promises.brokenAtEnd(shop, dataDir)
    } finally {
      await shop.stop()
    }
  } catch (error) {
    return [String(error)]
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}
