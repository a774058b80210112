import autocannon from 'autocannon'

/** The results of a run of autocannon. */
export interface Load {
  /** In ms. */
  latencies: number[]
  /** From the first request to the last response. */
  seconds: number
  /** Responses other than 2xx, connection errors, and timeouts. */
  failures: number
  /** The bodies of the responses, if they were requested. */
  bodies: string[]
}

/** How long a response may take, in seconds. */
const TIMEOUT_S = 60

/** How often autocannon checks whether it is done, in ms. */
const SAMPLE_INTERVAL_MS = 20

/**
 * Sends each request once, over that many connections, and resolves when all have their response. autocannon's own
 * figures are in whole ms. These are more precise.
 */
export const runLoad = (
  url: string,
  requests: autocannon.Request[],
  connections: number,
  { keepBodies = false } = {},
): Promise<Load> =>
  new Promise((resolve, reject) => {
    const load: Load = { latencies: [], seconds: 0, failures: 0, bodies: [] }
    const clients = Math.min(connections, requests.length)
    let client = 0
    let startedAt = Number.POSITIVE_INFINITY
    let endedAt = 0
    const setupClient = (one: autocannon.Client) => {
      const own = client++
      one.setRequests(requests.filter((_, index) => index % clients === own))
      if (keepBodies) one.on('body', (body: Buffer) => load.bodies.push(body.toString()))
    }
    const options = { url, connections: clients, amount: requests.length, setupClient }
    const run = autocannon({ ...options, timeout: TIMEOUT_S, sampleInt: SAMPLE_INTERVAL_MS }, (error, result) => {
      if (error) return reject(error)
      resolve({ ...load, seconds: (endedAt - startedAt) / 1_000, failures: result.errors + result.non2xx })
    })
    run.on('response', (_client, _status, _bytes, milliseconds) => {
      endedAt = performance.now()
      startedAt = Math.min(startedAt, endedAt - milliseconds)
      load.latencies.push(milliseconds)
    })
  })
