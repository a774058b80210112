// The long form of the chaos tests: npm run chaos [-- <scenario>…]. CHAOS_SEED changes what is random. What takes half an hour
// (SOAK_MINUTES) runs only if it is named: npm run chaos -- soak-production soak-workbench
import { execFileSync } from 'node:child_process'
import { closeSharedRedis } from '../../src/redis/shared-redis'
import { failingCalls } from '../faults/failing-calls'
import { failingKernel } from '../faults/failing-kernel'
import { powerCuts } from '../faults/power-cuts'
import { stopChildren } from '../support/child'
import { setup } from '../support/global-setup'
import { removeTempDirs } from '../support/temp-dir'
import { byHand } from './by-hand'
import { clockJumps, serverClockJumps } from './clock-jumps'
import { contract } from './contract'
import { fullDisk } from './full-disk'
import { fuzz } from './fuzz'
import { histories } from './histories'
import { killNine } from './kill-nine'
import { chaosSeed } from './random'
import { redisAway } from './redis-away'
import { restarts } from './restarts'
import type { Chaos } from './scenario'
import { soak } from './soak'
import { makeFolder, makeRedis } from './world'

const HISTORIES = { rounds: 12, stopMs: 15_000, requests: 1_000 }

/** Under vitest, which fakes the clock. */
const schedules = async ({ seed }: Chaos): Promise<void> => {
  const env = { ...process.env, SCHEDULES: '2000', CHAOS_SEED: String(seed) }
  execFileSync('npx', ['vitest', 'run', 'tests/schedules'], { stdio: 'inherit', env })
}

const scenarios: Record<string, (chaos: Chaos) => Promise<void>> = {
  'kill-nine': (chaos) => killNine(chaos, { rounds: 30, makeWorld: makeFolder }),
  'kill-nine-redis': (chaos) => killNine(chaos, { rounds: 30, makeWorld: makeRedis }),
  'redis-away': (chaos) => redisAway(chaos, { awayMs: 20_000 }),
  'full-disk': (chaos) => fullDisk(chaos, { fullMs: 10_000 }),
  'pretended-full-disk': (chaos) => fullDisk(chaos, { fullMs: 3_000, pretend: true }),
  'by-hand': byHand,
  'clock-jumps': (chaos) => clockJumps(chaos, { jumps: 1_000 }),
  'server-clock-jumps': serverClockJumps,
  restarts: (chaos) => restarts(chaos, { rounds: 10 }),
  histories: (chaos) => histories(chaos, { ...HISTORIES, makeWorld: makeFolder, servers: 3, areReadsShared: false }),
  'histories-redis': (chaos) =>
    histories(chaos, { ...HISTORIES, makeWorld: makeRedis, servers: 4, areReadsShared: true }),
  contract: (chaos) => contract(chaos, { requests: 5_000 }),
  schedules,
  fuzz: (chaos) => fuzz(chaos, { shots: 20_000 }),
  'power-cuts': powerCuts,
  'failing-calls': failingCalls,
  'failing-kernel': failingKernel,
}

const minutes = Number(process.env.SOAK_MINUTES ?? 30)

const onlyIfNamed: typeof scenarios = {
  'soak-production': (chaos) => soak(chaos, { minutes, hasWorkbench: false }),
  'soak-workbench': (chaos) => soak(chaos, { minutes, hasWorkbench: true }),
}

const main = async (): Promise<void> => {
  const wanted = process.argv.slice(2)
  const all = { ...scenarios, ...onlyIfNamed }
  const unknown = wanted.filter((name) => !Object.hasOwn(all, name))
  if (unknown.length > 0) throw new Error(`No scenario ${unknown}: there are ${Object.keys(all).join(', ')}`)
  setup()
  const seed = chaosSeed()
  console.info(`CHAOS_SEED=${seed}`)
  let failed = 0
  for (const [name, run] of Object.entries(wanted.length > 0 ? all : scenarios)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    const startedAt = Date.now()
    const say = (line: string) => console.info(`  ${line}`)
    console.info(`==> ${name}`)
    try {
      await run({ seed, say })
      console.info(`✓ ${name} (${Math.round((Date.now() - startedAt) / 1_000)} s)`)
    } catch (error) {
      failed += 1
      console.error(`✗ ${name}:`, error)
    }
    await closeSharedRedis()
    await stopChildren()
    removeTempDirs()
  }
  process.exitCode = failed > 0 ? 1 : 0
}

await main()
