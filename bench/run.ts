import { type ComparisonPlan, compare } from './comparison'
import type { Contender } from './contenders/contender'
import { jsonServer } from './contenders/json-server'
import { peer } from './contenders/peer'
import { embedded, overRedis, stockRunner } from './contenders/pet-store'
import { Progress } from './progress'
import { measureRestart } from './restart'
import { describeMachine, type Results } from './results'
import { countSyncs } from './syncs'

/** How much a run does. */
export interface RunSize {
  /** All contenders side by side. */
  comparison: ComparisonPlan
  /** Motia's stock runner, which responds to a handful of requests a second. */
  stock: ComparisonPlan
  /** The pet store with increasing numbers of pets. */
  growth: ComparisonPlan
  /** Null leaves it out. */
  restart: { pets: number; updates: number } | null
  syncs: { contenders: Contender[]; creates: number }
}

const CONTENDERS = [embedded, overRedis, peer, jsonServer]
const withPets = (contender: Contender, pets = 100) => ({ contender, pets })
const everyone = CONTENDERS.map((contender) => withPets(contender))

/** Everything that `npm run bench` measures. */
export const FULL: RunSize = {
  comparison: {
    ...{ title: 'side by side', subjects: everyone, clients: [1, 10, 50] },
    ...{ rounds: 3, seconds: 0.6, warmUp: 1, least: 50 },
  },
  stock: {
    ...{ title: 'stock runner', subjects: [withPets(stockRunner)], operations: ['POST'], clients: [10] },
    ...{ rounds: 1, seconds: 0, warmUp: 0, least: 20 },
  },
  growth: {
    title: 'growth',
    subjects: [100, 10_000, 100_000].map((pets) => withPets(embedded, pets)),
    ...{ clients: [1, 10], rounds: 3, seconds: 0.4, warmUp: 0.5, least: 50 },
  },
  restart: { pets: 100_000, updates: 10_000 },
  syncs: { contenders: [embedded, overRedis, peer], creates: 1_000 },
}

const NOTHING: ComparisonPlan = { title: '', subjects: [], clients: [], rounds: 0, seconds: 0, warmUp: 0, least: 0 }

/** A short form that shows within seconds whether every contender works. */
export const QUICK: RunSize = {
  comparison: {
    ...{ title: 'side by side', subjects: everyone, clients: [4] },
    ...{ rounds: 1, seconds: 0.1, warmUp: 0.02, least: 8 },
  },
  stock: NOTHING,
  growth: NOTHING,
  restart: null,
  syncs: { contenders: [], creates: 0 },
}

/** Measures the contenders side by side, then the pet store alone. */
export const runBenchmark = async (size: RunSize): Promise<Results> => {
  const machine = describeMachine()
  const plans = [size.comparison, size.stock, size.growth]
  const progress = new Progress(plans.reduce((total, { rounds }) => total + rounds, 2))
  const comparison = await compare(size.comparison, progress)
  const own = comparison.absent.find(({ title }) => title === embedded.title)
  if (own) throw new Error(`The pet store did not start: ${own.reason}`)
  const stock = await compare(size.stock, progress)
  const growth = await compare(size.growth, progress)

  progress.next('restart')
  const restart = size.restart && (await measureRestart(size.restart.pets, size.restart.updates))

  progress.next('syncs')
  const ran = new Set(comparison.starts.map(({ contender }) => contender))
  const syncs = await countSyncs(
    size.syncs.contenders.filter(({ key }) => ran.has(key)),
    size.syncs.creates,
  )
  progress.end()

  return {
    ...{ machine, comparison, stock, growth, restart, syncs },
    titles: Object.fromEntries([...CONTENDERS, stockRunner].map(({ key, title }) => [key, title])),
    failures: comparison.failures + growth.failures + stock.failures,
  }
}
