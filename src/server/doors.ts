import type { IncomingMessage, Server } from 'node:http'
import { isIP } from 'node:net'
import type { RequestHandler } from 'express'

/** What every answer says to browsers: take it as what it claims to be, show it in no frame, load nothing, tell nobody. */
export const SECURITY_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
}

const securityHeaders = Object.entries(SECURITY_HEADERS)

/** Sets the security headers. */
export const setSecurityHeaders: RequestHandler = (_request, response, next) => {
  for (const [name, value] of securityHeaders) response.setHeader(name, value)
  next()
}

/** Whether a browser says that a page of another site sent this, other than by a link that somebody followed. */
const isFromAnotherSite = ({ headers, method }: IncomingMessage): boolean => {
  const site = headers['sec-fetch-site']
  if (site !== 'cross-site' && site !== 'same-site') return false
  return !(headers['sec-fetch-mode'] === 'navigate' && method === 'GET')
}

const hostnameOf = (host: string): string => {
  const name = host.replace(/:\d*$/, '')
  return name.startsWith('[') ? name.slice(1, -1) : name.toLowerCase()
}

/** A name that some DNS server answers for may point here without being ours (DNS rebinding); an address may not. */
const isOurHost = (host: string | undefined, ownHost: string): boolean => {
  if (!host) return false
  const name = hostnameOf(host)
  return isIP(name) > 0 || name === 'localhost' || name === ownHost.toLowerCase()
}

/** Whether a page of another origin sent this, or one that reached us by a name that is not ours. */
const isForeign = (request: IncomingMessage, ownHost: string): boolean => {
  const { host, origin } = request.headers
  if (!isOurHost(host, ownHost)) return true
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`
}

/**
 * Refuses what pages of other sites send, so that a page somebody visits cannot drive a server on their machine. With
 * `ownHost`, for a server that no proxy stands in front of, also foreign `Origin` and `Host` headers.
 */
export const refuseForeigners = (ownHost: string | null): RequestHandler => {
  return (request, response, next) => {
    if (isFromAnotherSite(request) || (ownHost !== null && isForeign(request, ownHost))) {
      response.status(403).json({ message: 'Requests from other sites are refused' })
    } else {
      next()
    }
  }
}

/** The same for WebSockets, which no middleware sees. To be called when their listener is there. */
export const refuseForeignSockets = (server: Server, ownHost: string): void => {
  const listeners = server.listeners('upgrade')
  server.removeAllListeners('upgrade')
  server.on('upgrade', (request, socket, head) => {
    if (isFromAnotherSite(request) || isForeign(request, ownHost)) socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    else for (const listener of listeners) Reflect.apply(listener, server, [request, socket, head])
  })
}

/** How long a client may take to send a request's headers, and the whole of it, in ms. */
const HEADERS_TIMEOUT_MS = 15_000
const REQUEST_TIMEOUT_MS = 30_000

/** What no middleware can do: end requests that never end, and give express no target that it answers by a page of its own. */
export const hardenServer = (server: Server): void => {
  server.headersTimeout = HEADERS_TIMEOUT_MS
  server.requestTimeout = REQUEST_TIMEOUT_MS
  server.prependListener('request', (request: IncomingMessage) => {
    const { url = '/' } = request
    if (url.startsWith('/')) return
    const target = URL.canParse(url, 'http://localhost') ? new URL(url, 'http://localhost') : null
    request.url = target ? `${target.pathname}${target.search}` : '/'
  })
}
