import type { Request } from 'autocannon'
import { KEYS } from '../src/store/redis/redis-keys'
import type { TestRedis } from '../tests/support/redis'
import type { TestServer } from '../tests/support/server'
import { waitFor } from '../tests/support/wait-for'
import { runLoad } from './load'
import { requestsFor } from './operations'
import { cpuTime } from './process-usage'
import { quantile, sum } from './statistics'

/** What is measured over Redis. */
export type ScaleOperation = 'get' | 'page' | 'post' | 'put'

/** One operation on so many instances. Times in ms; CPU in ms a request, with all that the request brings about. */
export interface ScaleRound {
  operation: ScaleOperation
  instances: number
  requests: number
  rate: number
  p50: number
  p99: number
  serverCpu: number
  redisCpu: number
  failures: number
}

/** Clients in all, and pets of a page. */
const CLIENTS = 20
export const PAGE = 100

const cpuOf = (pids: number[]): number => sum(pids.map((pid) => cpuTime(pid) ?? Number.NaN))

const requestsOf = (operation: ScaleOperation, url: string, pets: number): Request[] => {
  if (operation !== 'page') return requestsFor(operation, `${url}/js/pets`, pets)
  const starts = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((tenth) => Math.floor((pets * tenth) / 10))
  return starts.map((cursor) => ({ method: 'GET', path: `/js/pets?limit=${PAGE}&cursor=${Math.max(1, cursor)}` }))
}

/** Spreads requests over the instances, and waits until the jobs that they bring about are done. */
export const runScaleRound = async (
  redis: TestRedis,
  fleet: TestServer[],
  { operation, pets, amount }: { operation: ScaleOperation; pets: number; amount: number },
): Promise<ScaleRound> => {
  const instances = fleet.length
  const servers = fleet.map(({ pid }) => pid)
  const before = { servers: cpuOf(servers), redis: cpuOf([redis.pid()]) }
  const loads = await Promise.all(
    fleet.map(({ url }) =>
      runLoad({
        url,
        requests: requestsOf(operation, url, pets),
        connections: CLIENTS / instances,
        amount: Math.round(amount / instances),
      }),
    ),
  )
  await waitFor(async () => (await redis.command('ZCARD', KEYS.unfinished)) === 0, {
    what: 'the jobs to be done',
    timeout: 120_000,
    interval: 50,
  })
  const after = { servers: cpuOf(servers), redis: cpuOf([redis.pid()]) }
  const latencies = loads.flatMap((load) => load.latencies)
  const requests = latencies.length
  return {
    ...{ operation, instances, requests },
    rate: requests / Math.max(...loads.map(({ seconds }) => seconds)),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    serverCpu: (after.servers - before.servers) / requests,
    redisCpu: (after.redis - before.redis) / requests,
    failures: sum(loads.map(({ failures }) => failures)),
  }
}
