import type { RunningContender } from './contenders/contender'
import { runLoad } from './load'
import { type Operation, requestsFor } from './operations'
import { cpuTime } from './process-usage'
import { quantile } from './statistics'

/** One run of one operation on one contender. Times in ms. */
export interface Round {
  requests: number
  /** Requests a second. */
  rate: number
  p50: number
  p99: number
  /** Of the server's process and its children, the jobs of the creates included; null where it cannot be read. */
  cpuMs: number | null
  failures: number
  created: number
  /** From the last answer until the jobs of all creates were done. */
  jobsMs: number
}

/** What to run. */
export interface RoundOptions {
  operation: Operation
  connections: number
  amount: number
  /** How many pets the contender started with. */
  pets: number
}

/** Sends `amount` requests and waits until all that they bring about is done. */
export const runRound = async (
  running: RunningContender,
  { operation, connections, amount, pets }: RoundOptions,
): Promise<Round> => {
  const { url, pid } = running
  const settled = running.watch()
  const cpuBefore = cpuTime(pid)
  const load = await runLoad({ url, requests: requestsFor(operation, url, pets), connections, amount })
  const answeredAt = performance.now()
  await settled(load.created)
  const jobsMs = performance.now() - answeredAt
  const cpuAfter = cpuTime(pid)
  const { latencies, seconds, failures, created } = load
  return {
    ...{ requests: latencies.length, rate: latencies.length / seconds, failures, created, jobsMs },
    ...{ p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) },
    cpuMs: cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore,
  }
}

/** How many requests take some `seconds` at a rate, within bounds. */
export const amountFor = (rate: number, seconds: number, least: number, most = Number.POSITIVE_INFINITY): number =>
  Math.round(Math.min(most, Math.max(least, rate * seconds)))
