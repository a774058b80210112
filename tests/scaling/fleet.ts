import { Agent, request } from 'node:http'
import { startServer, type TestServer } from '../support/server'

/** Starts that many instances on one Redis. */
export const startFleet = (
  count: number,
  redisUrl: string,
  options: { root?: string; env?: Record<string, string> } = {},
): Promise<TestServer[]> => Promise.all(Array.from({ length: count }, () => startInstance(redisUrl, options)))

/** Starts one instance. */
export const startInstance = (
  redisUrl: string,
  { env, ...options }: { root?: string; env?: Record<string, string>; port?: number } = {},
): Promise<TestServer> => startServer({ ...options, env: { REDIS_URL: redisUrl, ...env } })

/** A response; `error` instead of a status if the connection failed. */
export interface Answer {
  status: number
  body: Record<string, unknown> & { id: string }
  error?: string
}

/** No response may take longer, in ms. */
const RESPONSE_TIMEOUT_MS = 20_000

const agent = new Agent({ keepAlive: true, maxSockets: 50 })

/** Sends one request over connections that are kept, and never rejects. */
export const ask = (url: string, method: string, path: string, body?: object): Promise<Answer> =>
  new Promise((resolve) => {
    const text = body && JSON.stringify(body)
    const fail = (error: NodeJS.ErrnoException) =>
      resolve({ status: 0, body: { id: '' }, error: error.code ?? error.message })
    const sent = request(
      new URL(path, url),
      { method, agent, headers: { 'content-type': 'application/json' } },
      (response) => {
        let answer = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          answer += chunk
        })
        response.on('error', fail)
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(answer) }))
      },
    )
    sent.setTimeout(RESPONSE_TIMEOUT_MS, () => sent.destroy(new Error(`no response within ${RESPONSE_TIMEOUT_MS} ms`)))
    sent.on('error', fail)
    sent.end(text)
  })

/** Runs `work` for 0 to `count` - 1, `atOnce` at a time. Returns their results, in order. */
export const spread = async <T>(count: number, atOnce: number, work: (index: number) => Promise<T>): Promise<T[]> => {
  const results: T[] = []
  let next = 0
  const runOne = async () => {
    while (next < count) {
      const index = next++
      results[index] = await work(index)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, runOne))
  return results
}
