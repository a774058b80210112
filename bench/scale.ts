import { Pets } from '../src/pets/pets'
import { closeSharedRedis, sharedRedis } from '../src/redis/shared-redis'
import { redisEnd } from '../src/store/copy/redis-end'
import { createRedisStore } from '../src/store/redis/redis-store'
import { ask, startFleet } from '../tests/scaling/fleet'
import { startRedis, type TestRedis } from '../tests/support/redis'
import { Progress } from './progress'
import { describeMachine, type Machine } from './results'
import { samplePet } from './sample-pets'
import { runScaleRound, type ScaleOperation, type ScaleRound } from './scale-round'

/** What operations cost on one instance at a number of pets. Times in ms, memory in MB. */
export interface ScaleSize {
  pets: number
  rounds: ScaleRound[]
  /** A reaper that looks at every pet: how long it takes, and the slowest GET meanwhile. */
  reaperMs: number
  slowestGet: number
  /** What Redis occupies. */
  memory: number
}

/** All that a run has measured. */
export interface ScaleResults {
  machine: Machine
  fleet: FleetRound[]
  sizes: ScaleSize[]
  failures: number
}

/** A number of instances, and whether they keep traces for the Workbench. */
export interface Fleet {
  instances: number
  hasTraces: boolean
}

/** One operation on one fleet. */
export type FleetRound = ScaleRound & Fleet

/** How much a run does. */
export interface ScaleRun {
  fleets: Fleet[]
  sizes: number[]
  /** Requests of a round. */
  amount: Record<ScaleOperation, number>
}

/** All that `npm run bench -- --scale` measures. */
export const FULL_SCALE: ScaleRun = {
  fleets: [
    { instances: 1, hasTraces: true },
    { instances: 2, hasTraces: true },
    { instances: 4, hasTraces: true },
    { instances: 4, hasTraces: false },
  ],
  sizes: [100, 1_000, 10_000, 100_000, 1_000_000],
  amount: { get: 20_000, page: 2_000, put: 6_000, post: 4_000 },
}

/** What shows in some twenty seconds whether all of it works. */
export const QUICK_SCALE: ScaleRun = {
  fleets: [{ instances: 2, hasTraces: true }],
  sizes: [2_000],
  amount: { get: 200, page: 40, put: 100, post: 60 },
}

/** Pets of the store on which numbers of instances are compared. */
export const FLEET_PETS = 1_000

/** How many pets are written into Redis in one go. */
const CHUNK = 1_000

/** Runs it all over a Redis of its own, which appends to its file as production should. */
export const runScale = async ({ fleets, sizes, amount }: ScaleRun): Promise<ScaleResults> => {
  const machine = describeMachine()
  const progress = new Progress(fleets.length + sizes.length)
  const redis = await startRedis()
  const fleetRounds: FleetRound[] = []
  const scaleSizes: ScaleSize[] = []

  const onFleet = async <T>(
    { instances, hasTraces }: Fleet,
    pets: number,
    use: (measure: (operation: ScaleOperation) => Promise<FleetRound>, url: string) => Promise<T>,
  ): Promise<T> => {
    await fill(redis, pets)
    const env: Record<string, string> = hasTraces ? {} : { PETS_TRACE_LIMIT: '0' }
    const fleet = await startFleet(instances, redis.url, { env })
    const measure = async (operation: ScaleOperation): Promise<FleetRound> => {
      progress.detail(operation)
      // The first is to warm up.
      await runScaleRound(redis, fleet, { operation, pets, amount: Math.ceil(amount[operation] / 4) })
      const round = await runScaleRound(redis, fleet, { operation, pets, amount: amount[operation] })
      return { ...round, hasTraces }
    }
    const result = await use(measure, fleet[0]?.url ?? '')
    await Promise.all(fleet.map((server) => server.stop()))
    return result
  }

  for (const fleet of fleets) {
    progress.next(fleetTitle(fleet))
    await onFleet(fleet, FLEET_PETS, async (measure) => {
      for (const operation of ['get', 'page', 'put', 'post'] as const) fleetRounds.push(await measure(operation))
    })
  }
  for (const pets of sizes) {
    progress.next(`${pets.toLocaleString('en')} pets`)
    const size = await onFleet({ instances: 1, hasTraces: true }, pets, async (measure, url) => {
      const rounds = [await measure('get'), await measure('page'), await measure('post')]
      progress.detail('reaper')
      return { pets, rounds, ...(await measureReaper(redis, url)), memory: await usedMemory(redis) }
    })
    scaleSizes.push(size)
  }
  progress.end()
  await closeSharedRedis()
  await redis.stop()
  const failures = [...fleetRounds, ...scaleSizes.flatMap(({ rounds }) => rounds)].map((round) => round.failures)
  return { machine, fleet: fleetRounds, sizes: scaleSizes, failures: failures.reduce((a, b) => a + b, 0) }
}

/** How a fleet is called. */
export const fleetTitle = ({ instances, hasTraces }: Fleet): string =>
  `${instances} ${instances === 1 ? 'instance' : 'instances'}${hasTraces ? '' : ', no traces'}`

/** Empties Redis and puts so many pets into it. */
const fill = async (redis: TestRedis, count: number): Promise<void> => {
  await redis.command('FLUSHALL')
  const end = redisEnd(redis.url)
  await end.begin()
  for (let first = 1; first <= count; first += CHUNK) {
    const size = Math.min(CHUNK, count - first + 1)
    await end.write(
      Array.from({ length: size }, (_, index) => ({ id: `${first + index}`, ...samplePet(first + index) })),
    )
  }
  await end.finish(count + 1)
  await end.accept()
}

/** Reaps where nothing is due, which looks at all pets, and reads a pet over and over meanwhile. */
const measureReaper = async (redis: TestRedis, url: string): Promise<{ reaperMs: number; slowestGet: number }> => {
  const pets = new Pets(createRedisStore(sharedRedis(redis.url)))
  let isOver = false
  let slowestGet = 0
  const reading = (async () => {
    while (!isOver) {
      const start = performance.now()
      await ask(url, 'GET', '/js/pets/1')
      slowestGet = Math.max(slowestGet, performance.now() - start)
    }
  })()
  const start = performance.now()
  await pets.reap('js', async () => {})
  const reaperMs = performance.now() - start
  isOver = true
  await reading
  return { reaperMs, slowestGet }
}

const usedMemory = async (redis: TestRedis): Promise<number> => {
  const info = String(await redis.command('INFO', 'memory'))
  return Number(/used_memory:(\d+)/.exec(info)?.[1]) / 1024 ** 2
}
