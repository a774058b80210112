import type { ContenderKey, RunningContender } from './contenders/contender'
import { OPERATION_TITLES, type Operation } from './operations'
import type { Progress } from './progress'
import { amountFor, type Round, runRound } from './round'
import { median, sum } from './statistics'
import type { Tally } from './tally'

/** One operation at one concurrency on one contender: medians of the rounds. Times in ms. */
export interface Comparison {
  operation: Operation
  connections: number
  contender: ContenderKey
  requests: number
  rate: number
  p50: number
  p99: number
  cpuPerRequest: number | null
}

/** How to compare. */
export interface ComparisonOptions {
  operations: Operation[]
  concurrencies: number[]
  rounds: number
  /** How long a round takes, in seconds; longer on a slow contender. */
  seconds: { fast: number; slow: number }
  /** What part of a full warm-up comes before; 1 is a full one. */
  warmUp: number
  pets: number
}

/** The fewest requests of a round after a full warm-up; on a slow contender 8 of any kind. */
const LEAST: Record<Operation, number> = { get: 400, list: 200, post: 100, put: 100 }
const LEAST_SLOW = 8

/**
 * The requests of a full warm-up, from as many clients as there will be at most: so many make the compiler do what it does. A
 * slow contender begins each call anew anyway.
 */
const WARM_UP: Record<Operation, number> = { get: 4_000, list: 1_500, post: 3_000, put: 2_000 }

/** What part of it the lanes of fewer clients get, to tell how much they do. */
const FEWER_CLIENTS = 0.1

/** Lets the contenders take turns, round by round, the one that begins changing from round to round. */
export const compare = async (
  contenders: RunningContender[],
  options: ComparisonOptions,
  tally: Tally,
  progress: Progress,
): Promise<Comparison[]> => {
  const { operations, concurrencies, rounds, pets } = options
  const lanes = operations.flatMap((operation) =>
    concurrencies.map((connections) => ({
      ...{ operation, connections },
      runs: contenders.map((running) => ({ running, rate: 0, rounds: [] as Round[] })),
    })),
  )
  const runOnce = async (running: RunningContender, operation: Operation, connections: number, amount: number) => {
    progress.detail(`${running.contender.title}: ${OPERATION_TITLES[operation]} × ${connections}`)
    const round = tally.note(await runRound(running, { operation, connections, amount, pets }))
    if (operation === 'post') await countWrites(running, round.created, pets, tally)
    return round
  }

  for (const { operation, connections, runs } of lanes) {
    for (const run of runs) {
      const part = connections === Math.max(...concurrencies) ? 1 : FEWER_CLIENTS
      const amount = Math.ceil(WARM_UP[operation] * options.warmUp * part)
      if (!run.running.contender.isSlow) run.rate = (await runOnce(run.running, operation, connections, amount)).rate
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const { operation, connections, runs } of lanes) {
      for (const run of [...runs.slice(round % runs.length), ...runs.slice(0, round % runs.length)]) {
        const { isSlow } = run.running.contender
        const least = Math.max(connections, (isSlow ? LEAST_SLOW : LEAST[operation]) * options.warmUp)
        const amount = amountFor(run.rate, isSlow ? options.seconds.slow : options.seconds.fast, least)
        const measured = await runOnce(run.running, operation, connections, amount)
        run.rate = measured.rate
        run.rounds.push(measured)
      }
    }
  }
  return lanes.flatMap(({ operation, connections, runs }) =>
    runs.map(({ running, rounds }) => ({
      ...{ operation, connections, contender: running.contender.key },
      ...summarise(rounds),
    })),
  )
}

const summarise = (rounds: Round[]) => {
  const requests = sum(rounds.map((round) => round.requests))
  const cpu = rounds.map(({ cpuMs }) => cpuMs).filter((cpuMs) => cpuMs !== null)
  return {
    requests,
    rate: median(rounds.map(({ rate }) => rate)),
    p50: median(rounds.map(({ p50 }) => p50)),
    p99: median(rounds.map(({ p99 }) => p99)),
    cpuPerRequest: cpu.length === rounds.length ? sum(cpu) / requests : null,
  }
}

/** Counts what the file holds of the creates, then takes them out, so that each round begins alike. */
const countWrites = async (running: RunningContender, created: number, pets: number, tally: Tally): Promise<void> => {
  const writes = tally.writesOf(running.contender.key)
  writes.acknowledged += created
  writes.kept += Math.max(0, (running.countPets() ?? 0) - pets)
  await running.reset()
}
