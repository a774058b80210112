import type { IncomingMessage, Server } from 'node:http'
import { isIP } from 'node:net'
import type { RequestHandler } from 'express'
import { type Authenticate, BASIC_CHALLENGE } from './api-keys'
import { isWebSocket, serveAsPlainHttp } from './upgrades'

/** What every response says to browsers: take it as what it claims to be, show it in no frame, load nothing, tell nobody. */
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

/** Which requests come from the server's own pages. */
export interface OriginRules {
  /**
   * The names by which the server may be addressed, beside IP addresses, `localhost` and `*.localhost`; `*.example.com` stands
   * for all names below that. Null allows every name. A name that some DNS server answers for may lead here without being
   * ours (DNS rebinding).
   */
  allowedHosts: readonly string[] | null
  /** Whether a proxy in front says in `X-Forwarded-Host` how it was addressed, and replaces what a client says there. */
  trustProxy?: boolean
  /** Origins of other sites whose pages may send requests. */
  allowedOrigins?: readonly string[]
}

/** Refuses what pages of other sites send, so that a page somebody visits cannot drive a server on their machine. */
export const refuseForeigners = (rules: OriginRules): RequestHandler => {
  return (request, response, next) => {
    if (isForeign(request, rules)) response.status(403).json({ message: 'Requests from other sites are refused' })
    else next()
  }
}

/**
 * The same for WebSockets, which no middleware sees. With `authenticate`, those without an API key are refused too. Requests for
 * any other protocol (`Upgrade: h2c`) are served as plain HTTP/1.1, which HTTP allows. Called when the listeners for WebSockets
 * are there.
 */
export const guardSockets = (server: Server, rules: OriginRules, authenticate?: Authenticate): void => {
  const listeners = server.listeners('upgrade')
  server.removeAllListeners('upgrade')
  server.on('upgrade', (request, socket, head) => {
    if (!isWebSocket(request)) serveAsPlainHttp(server, request, socket, head)
    else if (isForeign(request, rules)) socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    else if (authenticate && authenticate(request.headers) === undefined)
      socket.end(`HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: ${BASIC_CHALLENGE}\r\n\r\n`)
    else for (const listener of listeners) Reflect.apply(listener, server, [request, socket, head])
  })
}

/**
 * Whether a page of another site sent this, or one that reached the server by a name that is not the server's. Browsers say
 * in `Sec-Fetch-Site` where a page is from, but over plain HTTP only to `localhost`; elsewhere its `Origin` tells.
 */
const isForeign = (
  request: IncomingMessage,
  { allowedHosts, trustProxy = false, allowedOrigins }: OriginRules,
): boolean => {
  const { headers, method } = request
  const host = (trustProxy && firstOf(headers['x-forwarded-host'])) || headers.host
  if (allowedHosts && !isAllowed(host, allowedHosts)) return true
  if (headers.origin !== undefined && allowedOrigins?.includes(headers.origin)) return false
  const site = headers['sec-fetch-site']
  if (site === 'cross-site' || site === 'same-site') {
    const isFollowedLink = headers['sec-fetch-mode'] === 'navigate' && method === 'GET'
    return !isFollowedLink
  }
  return site === undefined && headers.origin !== undefined && !isOriginOf(headers.origin, host)
}

const firstOf = (header: string | string[] | undefined): string | undefined =>
  (Array.isArray(header) ? header[0] : header)?.split(',')[0]?.trim()

const isAllowed = (host: string | undefined, allowedHosts: readonly string[]): boolean => {
  if (!host || !URL.canParse(`http://${host}`)) return false
  const name = new URL(`http://${host}`).hostname
  if (isIP(name.replace(/^\[|\]$/g, '')) > 0) return true
  return ['localhost', '*.localhost', ...allowedHosts].some((allowed) =>
    allowed.startsWith('*.') ? name.endsWith(allowed.slice(1).toLowerCase()) : name === allowed.toLowerCase(),
  )
}

/** Whether an origin (`https://shop.example`) is that of a host (`shop.example`, `shop.example:443`). */
const isOriginOf = (origin: string, host: string | undefined): boolean => {
  if (!host || !URL.canParse(origin)) return false
  const { protocol, host: originHost } = new URL(origin)
  return URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === originHost
}
