import { memoryMb as memoryOf } from '../tests/support/process-usage'
import type { Contender, ContenderKey } from './contenders/contender'
import { OPERATIONS, type Operation } from './operations'
import type { Progress } from './progress'
import { type Lane, type Run, Session } from './session'
import { median } from './statistics'

/** A contender with a number of pets. */
export interface Subject {
  contender: Contender
  pets: number
}

/** One lane of one subject: medians of its rounds. */
export interface Measurement extends Lane, Run {
  contender: ContenderKey
  pets: number
}

/** The measurement of a lane; undefined if the run has none. */
export const find = (
  { measurements }: Comparison,
  contender: ContenderKey,
  operation: Operation,
  clients: number,
  pets = 100,
): Measurement | undefined =>
  measurements.find(
    (one) => one.contender === contender && one.operation === operation && one.clients === clients && one.pets === pets,
  )

/** The time from a subject's start to its first response, in ms, and its memory then, in MB: medians. */
export interface Start {
  contender: ContenderKey
  pets: number
  startupMs: number
  memoryMb: number
}

/** What to compare, and how. */
export interface ComparisonPlan {
  title: string
  subjects: Subject[]
  /** All by default. */
  operations?: readonly Operation[]
  /** The numbers of clients. */
  clients: number[]
  /** In each round, every subject starts on fresh data, and every lane is measured. */
  rounds: number
  /** How long one lane of a subject takes in a round, in seconds. */
  seconds: number
  /** How much of a full warm-up precedes each round, from 0 (none) to 1 (all of it). */
  warmUp: number
  /** The fewest requests of a lane. */
  least: number
}

/** What a comparison measured. */
export interface Comparison {
  measurements: Measurement[]
  starts: Start[]
  /** Subjects that did not start, and why. */
  absent: { title: string; reason: string }[]
  failures: number
}

/** The requests of a full warm-up, for each operation: enough for V8 to compile the code that runs often. */
const WARM_UP = { one: 100, many: 1_000 }

/** The starts of a subject, and the runs of each lane. */
interface Entry extends Subject {
  startupMs: number[]
  memoryMb: number[]
  runs: Run[][]
}

/** Lets the subjects take turns, lane by lane. Each lane begins with a different subject. */
export const compare = async (plan: ComparisonPlan, progress: Progress): Promise<Comparison> => {
  const { title, subjects, operations = OPERATIONS, clients, rounds } = plan
  const lanes = clients.flatMap((count) => operations.map((operation): Lane => ({ operation, clients: count })))
  const absent: Comparison['absent'] = []
  let entries = subjects.map(
    (subject): Entry => ({ ...subject, startupMs: [], memoryMb: [], runs: lanes.map(() => []) }),
  )
  let failures = 0

  for (let round = 0; round < rounds; round++) {
    progress.next(`${title}, round ${round + 1}`)
    const players: { entry: Entry; session: Session }[] = []
    for (const entry of rotate(entries, round)) {
      progress.detail(`${entry.contender.title} starts`)
      try {
        players.push({ entry, session: await startSession(entry) })
      } catch (error) {
        if (round > 0) throw error
        absent.push({ title: entry.contender.title, reason: error instanceof Error ? error.message : String(error) })
      }
    }
    entries = entries.filter(({ startupMs }) => startupMs.length > 0)
    const rates = new Map<Entry, number[]>()
    for (const { entry, session } of players) {
      progress.detail(`${entry.contender.title} warms up`)
      rates.set(entry, await warmUp(session, lanes, plan))
    }
    for (const [index, lane] of lanes.entries()) {
      for (const { entry, session } of rotate(players, round + index)) {
        progress.detail(`${entry.contender.title}: ${lane.operation}, ${lane.clients} clients`)
        const amount = Math.round((rates.get(entry)?.[index] ?? 0) * plan.seconds)
        entry.runs[index]?.push(await session.run(lane, Math.max(plan.least, amount)))
      }
    }
    for (const { session } of players) {
      await session.checkAudit()
      failures += session.failures
    }
    await Promise.all(players.map(({ session }) => session.server.end()))
  }

  return {
    measurements: entries.flatMap(({ contender: { key }, pets, runs }) =>
      lanes.map((lane, index) => ({ contender: key, pets, ...lane, ...summarise(runs[index] ?? []) })),
    ),
    starts: entries.map(({ contender: { key }, pets, startupMs, memoryMb }) => ({
      ...{ contender: key, pets, startupMs: median(startupMs), memoryMb: median(memoryMb) },
    })),
    absent,
    failures,
  }
}

const startSession = async ({ contender, pets, startupMs, memoryMb }: Entry): Promise<Session> => {
  const server = await contender.start(pets)
  startupMs.push(server.startupMs)
  memoryMb.push(memoryOf(server.pid))
  return new Session(contender, server)
}

/** Returns the rate of each lane, from which the number of requests in a measured lane follows. */
const warmUp = async (session: Session, lanes: Lane[], plan: ComparisonPlan): Promise<number[]> => {
  const rates: number[] = []
  for (const lane of plan.warmUp > 0 ? lanes : []) {
    const amount = Math.ceil(plan.warmUp * (lane.clients === 1 ? WARM_UP.one : WARM_UP.many))
    const { rate } = await session.run(lane, Math.max(plan.least, amount))
    rates.push(rate)
  }
  return rates
}

const rotate = <T>(values: T[], by: number): T[] => {
  const start = by % Math.max(1, values.length)
  return [...values.slice(start), ...values.slice(0, start)]
}

const summarise = (runs: Run[]): Run => {
  const withJobs = runs.flatMap(({ rateWithJobs }) => rateWithJobs ?? [])
  return {
    requests: runs.reduce((total, { requests }) => total + requests, 0),
    rate: median(runs.map(({ rate }) => rate)),
    p50: median(runs.map(({ p50 }) => p50)),
    p99: median(runs.map(({ p99 }) => p99)),
    rateWithJobs: withJobs.length > 0 ? median(withJobs) : null,
  }
}
