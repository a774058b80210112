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
  pets: number
}

/** The fewest requests of a round. */
const LEAST = { fast: 50, slow: 8 }

/** How long a contender is warmed up for each operation, in seconds. The stock runner starts anew with each call anyway. */
const WARM_UP_S = 0.4

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
      if (run.running.contender.isSlow) continue
      const { rate } = await runOnce(run.running, operation, connections, LEAST.fast)
      const amount = amountFor(rate, WARM_UP_S / concurrencies.length, LEAST.fast)
      run.rate = (await runOnce(run.running, operation, connections, amount)).rate
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const { operation, connections, runs } of lanes) {
      for (const run of [...runs.slice(round % runs.length), ...runs.slice(0, round % runs.length)]) {
        const pace = run.running.contender.isSlow ? 'slow' : 'fast'
        const amount = amountFor(run.rate, options.seconds[pace], Math.max(LEAST[pace], connections))
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
