import type { IncomingMessage, Server } from 'node:http'

/** How long a client may take before it gets a 408 and its connection is closed, in seconds. */
export interface RequestLimits {
  /** To send a request's headers. */
  headersTimeout: number
  /** To send the whole of a request. */
  requestTimeout: number
}

/** How often Node looks for connections that take too long, in ms. Its default is 30 s, regardless of the limits. */
const CHECK_INTERVAL_MS = 1_000

/**
 * How long an idle connection stays open, in ms: longer than in proxies (60 s is common), so that no proxy sends a
 * request on a connection that the server is closing.
 */
const KEEP_ALIVE_MS = 75_000

/**
 * Closes connections whose requests take too long, and replaces targets to which express would respond with its own
 * page. No middleware can do either. Called before the server listens.
 */
export const hardenServer = (server: Server, { headersTimeout, requestTimeout }: RequestLimits): void => {
  server.headersTimeout = headersTimeout * 1_000
  server.requestTimeout = requestTimeout * 1_000
  server.keepAliveTimeout = KEEP_ALIVE_MS
  // This is an option of `createServer`, which Motia calls. Node keeps it here, and reads it when the server starts
  // listening.
  Object.assign(server, { connectionsCheckingInterval: CHECK_INTERVAL_MS })
  server.prependListener('request', (request: IncomingMessage) => {
    const { url = '/' } = request
    if (url.startsWith('/')) return
    const target = URL.canParse(url, 'http://localhost') ? new URL(url, 'http://localhost') : null
    request.url = target ? `${target.pathname}${target.search}` : '/'
  })
}
