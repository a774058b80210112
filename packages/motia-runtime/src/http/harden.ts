import type { IncomingMessage, Server } from 'node:http'

/** How long a client may take, in ms, until its connection is closed with a 408. Accurate to a second. */
export interface RequestLimits {
  /** To send a request's headers. Default: 15 s. */
  headersTimeoutMs?: number
  /** To send the whole of a request. Default: 30 s. */
  requestTimeoutMs?: number
}

/** How often Node looks for connections that take too long, in ms. Its own default is 30 s, whatever the limits are. */
const CHECK_INTERVAL_MS = 1_000

/**
 * Does what no middleware can do: ends requests that never end, and gives express no target that it responds to with a page
 * of its own. Called before the server listens.
 */
export const hardenServer = (
  server: Server,
  { headersTimeoutMs = 15_000, requestTimeoutMs = 30_000 }: RequestLimits = {},
): void => {
  server.headersTimeout = headersTimeoutMs
  server.requestTimeout = requestTimeoutMs
  // Node takes this as an option of `createServer`, which Motia calls, keeps it here, and reads it as the server listens.
  Object.assign(server, { connectionsCheckingInterval: CHECK_INTERVAL_MS })
  server.prependListener('request', (request: IncomingMessage) => {
    const { url = '/' } = request
    if (url.startsWith('/')) return
    const target = URL.canParse(url, 'http://localhost') ? new URL(url, 'http://localhost') : null
    request.url = target ? `${target.pathname}${target.search}` : '/'
  })
}
