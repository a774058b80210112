import autocannon from 'autocannon'

/** What a run of autocannon saw. */
export interface Load {
  /** In ms, in the order in which the answers came. */
  latencies: number[]
  /** From the first request to the last answer. */
  seconds: number
  /** Answers with status 201. */
  created: number
  /** Answers other than 2xx, errors of the connection, and timeouts. */
  failures: number
}

/** What to send: `requests` in turn on each of `connections`, until `amount` are answered. */
export interface LoadOptions {
  url: string
  requests: autocannon.Request[]
  connections: number
  amount: number
}

/** An answer may take this long, in seconds. */
const ANSWER_TIMEOUT_S = 60

/** How often autocannon looks whether it is done, in ms. */
const SAMPLE_INTERVAL_MS = 20

/** Sends the requests and resolves when all are answered. autocannon's own figures are in whole ms; these are finer. */
export const runLoad = ({ url, requests, connections, amount }: LoadOptions): Promise<Load> =>
  new Promise((resolve, reject) => {
    const latencies: number[] = []
    let created = 0
    let startedAt = 0
    let endedAt = 0
    const run = autocannon(
      {
        ...{ url, requests, connections, amount: Math.max(amount, connections) },
        ...{ timeout: ANSWER_TIMEOUT_S, sampleInt: SAMPLE_INTERVAL_MS },
      },
      (error: Error | null, { errors, non2xx }) => {
        if (error) reject(error)
        else resolve({ latencies, seconds: (endedAt - startedAt) / 1_000, created, failures: errors + non2xx })
      },
    )
    run.on('start', () => {
      startedAt = performance.now()
    })
    run.on('response', (_client, statusCode, _bytes, milliseconds) => {
      latencies.push(milliseconds)
      if (Number(statusCode) === 201) created += 1
      endedAt = performance.now()
    })
  })
