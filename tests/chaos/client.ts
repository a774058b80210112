import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'

/** A response. `body` is the parsed JSON, or the text if it is not JSON. */
export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: unknown
  text: string
  /** From the first byte sent to the last received, in ms. */
  ms: number
}

/** One client of a server: one connection at a time, kept alive by default. It never repeats a request. */
export class Client {
  readonly #url: string
  readonly #agent: Agent

  constructor(url: string, { keepAlive = true } = {}) {
    this.#url = url
    this.#agent = new Agent({ keepAlive, maxSockets: 1 })
  }

  /** Sends a request. Rejects with the connection's error if no complete response arrives. */
  send(method: string, path: string, body?: unknown, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    const startedAt = performance.now()
    const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
    return new Promise((resolve, reject) => {
      const outgoing = request(
        `${this.#url}${path}`,
        {
          method,
          agent: this.#agent,
          headers: { ...(payload === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
        },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk
          })
          response.once('error', reject)
          response.once('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: parse(text),
              text,
              ms: performance.now() - startedAt,
            }),
          )
        },
      )
      outgoing.once('error', reject)
      outgoing.end(payload)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Returns the code of a connection's error, such as `ECONNRESET`. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)
