import type { RunningContender } from './contenders/contender'
import { runLoad } from './load'
import { requestsFor } from './operations'
import type { Tally } from './tally'

/** Creates pets, kills the server at the last answer, and counts how many of them its file holds. */
export const killAfterBurst = async (running: RunningContender, amount: number, tally: Tally): Promise<void> => {
  const { contender, url } = running
  const before = running.countPets() ?? 0
  const connections = Math.min(10, amount)
  const load = await runLoad({ url, requests: requestsFor('post', url, before), connections, amount })
  await running.end('SIGKILL')
  tally.failures += load.failures
  const writes = tally.writesOf(contender.key)
  writes.burst += load.created
  writes.survived += Math.max(0, (running.countPets() ?? 0) - before)
}
