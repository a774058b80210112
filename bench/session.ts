import { waitFor } from '../tests/support/wait-for'
import type { Contender, RunningContender } from './contenders/contender'
import { runLoad } from './load'
import { type Operation, requestsFor } from './operations'
import { quantile } from './statistics'

/** One operation by a number of clients at a time. */
export interface Lane {
  operation: Operation
  clients: number
}

/** One run of a lane. Rates are per second, times in ms. */
export interface Run {
  requests: number
  rate: number
  p50: number
  p99: number
  /** For creates: the rate up to the end of their jobs; null for other operations, and without jobs. */
  rateWithJobs: number | null
}

/** How long the jobs of one run, and the audit trail, may take, in ms. */
const JOBS_TIMEOUT_MS = 30_000
const POLL_INTERVAL_MS = 5

/** A running contender, with the pets that the load has created. */
export class Session {
  /** Responses other than 2xx, errors and timeouts so far. */
  failures = 0
  #ids: string[] = []
  #events = 0

  constructor(
    readonly contender: Contender,
    readonly server: RunningContender,
    readonly timeoutMs = JOBS_TIMEOUT_MS,
  ) {}

  /** Sends `amount` requests, fewer if there are fewer pets to delete, and waits until the jobs they queue are done. */
  async run({ operation, clients }: Lane, amount: number): Promise<Run> {
    const { url } = this.server
    const requests = requestsFor(operation, url, this.#ids, amount)
    const load = await runLoad(url, requests, clients, { keepBodies: operation === 'POST' })
    this.failures += load.failures
    const count = load.latencies.length
    const run = {
      ...{ requests: count, rate: count / load.seconds },
      ...{ p50: quantile(load.latencies, 0.5), p99: quantile(load.latencies, 0.99) },
    }
    if (operation === 'DELETE') this.#events += count
    if (operation !== 'POST') return { ...run, rateWithJobs: null }
    this.#ids = load.bodies.flatMap((body) => idOf(body) ?? [])
    const refusal = load.bodies.find((body) => idOf(body) === undefined)
    if (this.#ids.length < count) {
      throw new Error(`${this.contender.title}: ${count} creates, ${this.#ids.length} ids. A response: ${refusal}`)
    }
    if (!this.contender.hasJobs) return { ...run, rateWithJobs: null }
    this.#events += 2 * count
    const jobsMs = await waitForJobs(url, this.#ids, this.timeoutMs)
    return { ...run, rateWithJobs: count / (load.seconds + jobsMs / 1_000) }
  }

  /** Waits until the audit trail contains every event of the load once: two for a create, one for a delete. */
  async checkAudit(): Promise<void> {
    const { auditedEvents } = this.server
    if (!auditedEvents) return
    let events = 0
    const isComplete = async () => {
      events = await auditedEvents()
      return events >= this.#events
    }
    const what = `${this.#events} events in the audit trail of ${this.contender.title}`
    await waitFor(isComplete, { what, timeout: this.timeoutMs, seen: () => events })
    if (events > this.#events) throw new Error(`Expected ${what}, but there are ${events}`)
  }
}

/** The id of the pet in a response body. */
export const idOf = (body: string): string | undefined => /"id":\s*"?(\d+)/.exec(body)?.[1]

/** Waits until every pet has the notes that its job adds, and returns how long that took for the last pet, in ms. */
export const waitForJobs = async (url: string, ids: string[], timeout = JOBS_TIMEOUT_MS): Promise<number> => {
  const startedAt = performance.now()
  // Jobs run roughly in order. Reading only the last pet does not slow them down.
  let waiting = ids.slice(-1)
  const areDone = async () => {
    const requests = requestsFor('GET', url, waiting, waiting.length)
    const { bodies } = await runLoad(url, requests, 10, { keepBodies: true })
    const done = new Set(bodies.filter((body) => body.includes('"notes"')).map(idOf))
    waiting = waiting.filter((id) => !done.has(id))
    return waiting.length === 0
  }
  const seen = () => `${waiting.length} pets without notes`
  const options = { what: 'the jobs of all creates', timeout, interval: POLL_INTERVAL_MS, seen }
  await waitFor(areDone, options)
  const tookMs = performance.now() - startedAt
  waiting = ids
  await waitFor(areDone, options)
  return tookMs
}
