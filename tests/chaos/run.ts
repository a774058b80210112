// The long form of the chaos tests: npm run chaos [<scenario>…]. CHAOS_SEED changes what is random.
import { stopChildren } from '../support/child'
import { removeTempDirs } from '../support/temp-dir'
import { byHand } from './by-hand'
import { clockJumps, serverClockJumps } from './clock-jumps'
import { fullDisk } from './full-disk'
import { fuzz } from './fuzz'
import { killNine } from './kill-nine'
import { chaosSeed } from './random'
import { privateRedisDies, redisAway } from './redis-away'
import { restarts } from './restarts'
import type { Chaos } from './scenario'

const scenarios: Record<string, (chaos: Chaos) => Promise<void>> = {
  'kill-nine': (chaos) => killNine(chaos, { rounds: 30 }),
  'redis-away': (chaos) => redisAway(chaos, { awayMs: 20_000 }),
  'private-redis-dies': privateRedisDies,
  'full-disk': (chaos) => fullDisk(chaos, { fullMs: 10_000 }),
  'pretended-full-disk': (chaos) => fullDisk(chaos, { fullMs: 3_000, pretend: true }),
  'by-hand': byHand,
  'clock-jumps': (chaos) => clockJumps(chaos, { jumps: 1_000 }),
  'server-clock-jumps': serverClockJumps,
  restarts: (chaos) => restarts(chaos, { rounds: 10 }),
  fuzz: (chaos) => fuzz(chaos, { shots: 20_000 }),
}

const main = async (): Promise<void> => {
  const wanted = process.argv.slice(2)
  const seed = chaosSeed()
  console.info(`CHAOS_SEED=${seed}`)
  let failed = 0
  for (const [name, run] of Object.entries(scenarios)) {
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
    await stopChildren()
    removeTempDirs()
  }
  process.exitCode = failed > 0 ? 1 : 0
}

await main()
