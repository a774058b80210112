import type { Contender, ContenderKey, RunningContender } from './contenders/contender'
import type { Operation } from './operations'
import { amountFor, type Round, runRound } from './round'
import { median } from './statistics'
import type { Tally } from './tally'

/** What one operation costs at some number of pets, at concurrency 10. `p50` in ms. */
export interface Cost {
  rate: number
  p50: number
}

/** What a contender's operations cost at some number of pets. */
export interface Growth {
  contender: ContenderKey
  pets: number
  get: Cost
  post: Cost
}

const CONNECTIONS = 10
const ROUNDS = 3
const SECONDS = { get: 0.3, post: 0.3 }
const MOST = { get: 5_000, post: 200 }

/** Starts a contender with that many pets and measures a read and a write. */
export const measureGrowth = async (contender: Contender, pets: number, tally: Tally): Promise<Growth> => {
  const running = await contender.start(pets)
  try {
    if (pets === 100) tally.start(contender.key, running.startupMs)
    const get = await cost(running, 'get', pets, tally)
    const post = await cost(running, 'post', pets, tally)
    return { contender: contender.key, pets, get, post }
  } finally {
    await running.end()
  }
}

const cost = async (
  running: RunningContender,
  operation: 'get' | 'post',
  pets: number,
  tally: Tally,
): Promise<Cost> => {
  const once = (kind: Operation, amount: number) =>
    runRound(running, { operation: kind, connections: CONNECTIONS, amount, pets })
  const rounds: Round[] = []
  // The first two are to find the pace, and warm up.
  let amount = CONNECTIONS
  for (let round = 0; round < ROUNDS + 2; round++) {
    const measured = tally.note(await once(operation, amount))
    amount = amountFor(measured.rate, SECONDS[operation], CONNECTIONS, MOST[operation])
    if (round >= 2) rounds.push(measured)
  }
  return { rate: median(rounds.map(({ rate }) => rate)), p50: median(rounds.map(({ p50 }) => p50)) }
}
