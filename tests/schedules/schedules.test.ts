import fc from 'fast-check'
import type { FileCalls } from 'motia-runtime'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { chaosSeed, Random } from '../chaos/random'
import { quietly } from '../faults/quietly'
import { type Action, type Crash, type SimClock, simulate } from './simulation'

// These also use the simulated clock, and ids that are the same in each run.
vi.mock('node:timers/promises', () => ({
  setImmediate: () => new Promise<void>((resolve) => setImmediate(resolve)),
  setTimeout: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
}))
const ids = vi.hoisted(() => ({ count: 0 }))
vi.mock('node:crypto', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:crypto')>()),
  randomUUID: () => `id-${ids.count++}`,
  randomBytes: (size: number) => Buffer.from(String(ids.count++).padStart(size, '0')),
}))

/** How many orders are run. `npm run chaos -- schedules` runs more. */
const RUNS = Number(process.env.SCHEDULES ?? 60)
const SEED = chaosSeed()

const immediately = setImmediate

const clock: SimClock = {
  settle: async () => {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => immediately(resolve))
  },
  tick: () => {
    vi.advanceTimersToNextTimer()
  },
}

beforeEach(() => {
  vi.useFakeTimers({
    now: Date.UTC(2030, 0, 1),
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
  })
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const actions = fc.array(fc.constantFrom<Action[]>('create', 'update', 'delete', 'restore', 'read'), {
  minLength: 1,
  maxLength: 6,
})
const plan = fc.record({
  clients: fc.array(actions, { minLength: 1, maxLength: 3 }),
  crashes: fc.array(fc.constantFrom<Crash[]>('kill 0', 'kill 1', 'power cut'), { maxLength: 2 }),
})

/** Runs many plans in random orders. A failing one is shrunk, and can be repeated with its seed and path. */
const play = (numRuns: number, mutate?: (calls: FileCalls) => FileCalls) => {
  const property = fc.asyncProperty(fc.scheduler(), plan, async (scheduler, played) => {
    ids.count = 0
    const random = new Random(SEED)
    vi.spyOn(Math, 'random').mockImplementation(() => random.next())
    const problems = await simulate(scheduler, clock, played, mutate)
    vi.clearAllTimers()
    if (problems.length > 0) throw new Error(problems.join('\n'))
  })
  return quietly(() => fc.check(property, { seed: SEED, numRuns }))
}

describe(`Schedules (CHAOS_SEED=${SEED})`, { timeout: Math.max(30_000, RUNS * 1_000) }, () => {
  test(`When two servers, their disk, their clients and crashes interleave in ${RUNS} orders, then nothing is lost or done twice`, async () => {
    const result = await play(RUNS)
    if (result.failed) throw new Error(fc.defaultReportMessage(result), { cause: result.errorInstance })
  })

  // Shows that the simulation can fail.
  test.each<[string, Record<string, unknown>, RegExp]>([
    [
      'changes are acknowledged before they are on disk',
      { fdatasync: (_: number, callback: () => void) => callback() },
      /^(Error: (Pet \d+|Missing)|PetNotFoundError)/,
    ],
    ['servers do not wait for each other’s lock', { tryLock: () => true }, /^(Error: (Pet|Id) \d+|PetNotFoundError)/],
  ])('When %s, then a schedule reveals it', async (_, faults, problem) => {
    const mutate = (calls: FileCalls): FileCalls =>
      new Proxy(calls, { get: (target, name) => Reflect.get(Object.hasOwn(faults, name) ? faults : target, name) })
    const { failed, errorInstance } = await play(RUNS, mutate)
    expect(failed).toBe(true)
    expect(String(errorInstance)).toMatch(problem)
  })
})
