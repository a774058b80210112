import type { Contender, ContenderKey } from './contenders/contender'
import { runLoad } from './load'
import { requestsFor } from './operations'
import { residentMemory } from './process-usage'
import { quantile } from './statistics'
import type { Tally } from './tally'

/** A server's memory and pace over many requests. */
export interface Endurance {
  contender: ContenderKey
  /** The first requests of a fresh server, GET by id at concurrency 10: the p50 of each fifth, in ms. */
  paceRequests: number
  paces: number[]
  /** The mix that follows, 19 GET by id to one GET list: memory idle and after each fifth, in MB. */
  memoryRequests: number
  memory: number[]
}

const PETS = 100
const PARTS = 5
const CONNECTIONS = 10

/** Starts a contender and measures it over so many requests. */
export const endure = async (
  contender: Contender,
  { paceRequests, memoryRequests }: { paceRequests: number; memoryRequests: number },
  tally: Tally,
): Promise<Endurance> => {
  const running = await contender.start(PETS)
  try {
    tally.start(contender.key, running.startupMs)
    const { url, pid } = running
    const memory = [residentMemory(pid)]
    const gets = requestsFor('get', url, PETS)
    const load = async (requests: typeof gets, amount: number) => {
      const { latencies, failures } = await runLoad({ url, requests, connections: CONNECTIONS, amount })
      tally.failures += failures
      return latencies
    }
    const latencies = await load(gets, paceRequests)
    const size = Math.floor(paceRequests / PARTS)
    const paces = Array.from({ length: PARTS }, (_, part) =>
      quantile(latencies.slice(part * size, (part + 1) * size), 0.5),
    )
    const mix = [...gets.slice(0, 95), ...Array.from({ length: 5 }, () => requestsFor('list', url, PETS)).flat()]
    for (let part = 0; part < PARTS && memoryRequests > 0; part++) {
      await load(mix, memoryRequests / PARTS)
      memory.push(residentMemory(pid))
    }
    if (memoryRequests === 0) memory.push(residentMemory(pid))
    return { contender: contender.key, paceRequests, paces, memoryRequests, memory }
  } finally {
    await running.end()
  }
}
