import type { Request } from 'autocannon'
import { cpuMs, memoryMb } from '../tests/support/process-usage'
import { makeTempDir } from '../tests/support/temp-dir'
import type { RunningContender } from './contenders/contender'
import { startPetStore } from './contenders/pet-store'
import { fillRedis, type RedisServer, startRedisServer } from './contenders/redis-server'
import { runLoad } from './load'
import { requestsFor } from './operations'
import { Progress } from './progress'
import { describeMachine, type Machine } from './results'
import { idOf, waitForJobs } from './session'
import { quantile, sum } from './statistics'

/** What is measured on several instances. */
export type ScaleOperation = 'GET' | 'page' | 'PUT' | 'POST'

/** One operation on a number of instances with a number of pets. Times in ms. CPU is per request, jobs included. */
export interface ScaleRound {
  instances: number
  pets: number
  operation: ScaleOperation
  requests: number
  rate: number
  p50: number
  p99: number
  serverCpu: number
  redisCpu: number
}

/** How much a run does. */
export interface ScaleRun {
  setups: { instances: number; pets: number }[]
  /** Requests of a round. */
  amount: Record<ScaleOperation, number>
}

/** Everything that a run measured. `memory` is that of Redis with a number of pets, in MB. */
export interface ScaleResults {
  machine: Machine
  rounds: ScaleRound[]
  memory: { pets: number; mb: number }[]
  failures: number
}

/** Everything that `npm run bench -- --scale` measures. */
export const FULL_SCALE: ScaleRun = {
  setups: [
    { instances: 1, pets: 1_000 },
    { instances: 2, pets: 1_000 },
    { instances: 4, pets: 1_000 },
    { instances: 1, pets: 100_000 },
    { instances: 1, pets: 1_000_000 },
  ],
  amount: { GET: 20_000, page: 2_000, PUT: 6_000, POST: 4_000 },
}

/** A short form that shows within seconds whether all of it works. */
export const QUICK_SCALE: ScaleRun = {
  setups: [{ instances: 2, pets: 1_000 }],
  amount: { GET: 100, page: 20, PUT: 60, POST: 40 },
}

/** The total number of clients, and the number of pets per page. */
export const CLIENTS = 20
export const PAGE = 100

const OPERATIONS = ['GET', 'page', 'PUT', 'POST'] as const

/** Runs each setup on its own empty Redis, which appends to its file as production should. */
export const runScale = async ({ setups, amount }: ScaleRun): Promise<ScaleResults> => {
  const results: ScaleResults = { machine: describeMachine(), rounds: [], memory: [], failures: 0 }
  const progress = new Progress(setups.length)
  for (const { instances, pets } of setups) {
    progress.next(`${instances} × ${pets.toLocaleString('en')} pets`)
    const redis = await startRedisServer()
    await fillRedis(redis.url, pets)
    results.memory.push({ pets, mb: memoryMb(redis.pid) })
    const start = () => startPetStore(makeTempDir('pet-store-bench-'), { REDIS_URL: redis.url })
    const fleet = await Promise.all(Array.from({ length: instances }, start))
    for (const operation of OPERATIONS) {
      progress.detail(operation)
      // The first one is the warm-up.
      await measure(redis, fleet, operation, pets, Math.ceil(amount[operation] / 4))
      const { failures, ...round } = await measure(redis, fleet, operation, pets, amount[operation])
      results.rounds.push({ instances, pets, operation, ...round })
      results.failures += failures
    }
    await Promise.all(fleet.map((server) => server.end()))
    await redis.end()
  }
  progress.end()
  return results
}

/** Spreads requests over the instances, and waits until the jobs that they queue are done. */
const measure = async (
  redis: RedisServer,
  fleet: RunningContender[],
  operation: ScaleOperation,
  pets: number,
  amount: number,
) => {
  const cpu = (processes: { pid: number }[]) => sum(processes.map(({ pid }) => cpuMs(pid)))
  const before = { fleet: cpu(fleet), redis: cpu([redis]) }
  const loads = await Promise.all(
    fleet.map(({ url }) => {
      const requests = requestsOf(operation, url, pets, Math.round(amount / fleet.length))
      return runLoad(url, requests, CLIENTS / fleet.length, { keepBodies: operation === 'POST' })
    }),
  )
  const created = loads.flatMap(({ bodies }) => bodies.flatMap((body) => idOf(body) ?? []))
  if (created.length > 0) await waitForJobs(fleet[0]?.url ?? '', created)
  const latencies = loads.flatMap((load) => load.latencies)
  const requests = latencies.length
  return {
    ...{ requests, rate: requests / Math.max(...loads.map(({ seconds }) => seconds)) },
    ...{ p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) },
    serverCpu: (cpu(fleet) - before.fleet) / requests,
    redisCpu: (cpu([redis]) - before.redis) / requests,
    failures: sum(loads.map(({ failures }) => failures)),
  }
}

/** Returns requests that are spread evenly over the pets. */
const requestsOf = (operation: ScaleOperation, url: string, pets: number, amount: number): Request[] => {
  const starts = Array.from({ length: 100 }, (_, index) => String(1 + Math.floor((index * pets) / 100)))
  if (operation !== 'page') return requestsFor(operation, url, starts, amount)
  const path = new URL(url).pathname
  return Array.from({ length: amount }, (_, index) => ({
    ...{ method: 'GET' as const, path: `${path}?limit=${PAGE}&cursor=${starts[index % 90]}` },
  }))
}
