import type { IncomingMessage, Server } from 'node:http'
import { isIP } from 'node:net'
import { type Authenticate, BASIC_CHALLENGE } from './api-keys'
import { type Handler, sendJson } from './handler'
import { interceptUpgrades, isWebSocket, serveAsPlainHttp } from './upgrades'

/** Tell browsers not to guess content types, show responses in frames, load anything for them, or send referrers. */
export const SECURITY_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
}

const securityHeaders = Object.entries(SECURITY_HEADERS)

/** Sets the security headers. */
export const setSecurityHeaders: Handler = (_request, response, next) => {
  for (const [name, value] of securityHeaders) response.setHeader(name, value)
  next()
}

/** Which requests come from the server's own pages. */
export interface OriginRules {
  /**
   * The allowed host names, besides IP addresses, `localhost` and `*.localhost`. `*.example.com` stands for all names
   * below it. Null allows every name. Other names may point to this server too (DNS rebinding).
   */
  allowedHosts: readonly string[] | null
  /** Whether a proxy in front sets `X-Forwarded-Host` to its own address, and replaces the client's value. */
  trustProxy?: boolean
  /** Origins of other sites whose pages may send requests. */
  allowedOrigins?: readonly string[]
}

/** Refuses requests from pages of other sites, so that no such page can use a server on its visitor's machine. */
export const refuseForeigners = (rules: OriginRules): Handler => {
  return (request, response, next) => {
    if (isForeign(request, rules)) sendJson(response, 403, { message: 'Requests from other sites are refused' })
    else next()
  }
}

/**
 * Does the same for WebSockets, which no middleware sees. With `authenticate`, also refuses those without an API key.
 * Serves requests for other protocols (`Upgrade: h2c`) as plain HTTP/1.1, which HTTP allows. Called after the listeners
 * for WebSockets are added.
 */
export const guardSockets = (server: Server, rules: OriginRules, authenticate?: Authenticate): void => {
  interceptUpgrades(server, (request, socket, head, next) => {
    if (!isWebSocket(request)) serveAsPlainHttp(server, request, socket, head)
    else if (isForeign(request, rules)) socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    else if (authenticate && authenticate(request.headers) === undefined)
      socket.end(`HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: ${BASIC_CHALLENGE}\r\n\r\n`)
    else next()
  })
}

/**
 * Returns whether a page of another site sent this, or a page that used a foreign name for the server. Browsers say in
 * `Sec-Fetch-Site` where a page is from, but over plain HTTP only to `localhost`. Otherwise the `Origin` shows it.
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

/** Returns whether an origin (`https://shop.example`) is that of a host (`shop.example`, `shop.example:443`). */
const isOriginOf = (origin: string, host: string | undefined): boolean => {
  if (!host || !URL.canParse(origin)) return false
  const { protocol, host: originHost } = new URL(origin)
  return URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === originHost
}
