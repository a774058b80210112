import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type Handler, sendJson } from './handler'

/** A secret that gives access to the server, and the name of its owner. */
export interface ApiKey {
  name: string
  secret: string
}

/** Returns the name of the key in these headers; undefined if there is none, or if it is unknown. */
export type Authenticate = (headers: IncomingHttpHeaders) => string | undefined

/** Load balancers and containers probe these without a key. */
export const OPEN_PATHS = new Set(['/livez', '/readyz'])

/** Makes a browser ask for name and secret, and send them with all further requests. */
export const BASIC_CHALLENGE = 'Basic realm="API keys", charset="UTF-8"'

/** The response's message to a request without a key. */
export const KEY_REQUIRED = 'An API key is required: send it as Authorization: Bearer or X-API-Key'

const BEARER_CHALLENGE = 'Bearer realm="API keys"'

const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** Returns a function that finds the key of a request. Its duration does not reveal anything about the secrets. */
export const authenticateBy = (keys: readonly ApiKey[]): Authenticate => {
  const known = keys.map(({ name, secret }) => ({ name, digest: digestOf(secret) }))
  return (headers) => {
    const secret = secretOf(headers)
    if (secret === undefined) return undefined
    const digest = digestOf(secret)
    // Compare all of them, even after a match.
    const [match] = known.filter((key) => timingSafeEqual(key.digest, digest))
    return match?.name
  }
}

const secretOf = ({ authorization, 'x-api-key': apiKey }: IncomingHttpHeaders): string | undefined => {
  if (typeof apiKey === 'string') return apiKey
  const [, scheme = '', credentials = ''] = /^(Bearer|Basic) +(\S+)$/i.exec(authorization ?? '') ?? []
  if (scheme.toLowerCase() !== 'basic') return credentials || undefined
  const pair = Buffer.from(credentials, 'base64').toString()
  return pair.slice(pair.indexOf(':') + 1)
}

/**
 * Refuses requests without a key, except probes. Stores the key's name in `request.caller`, and removes the
 * secret from the request, so that no step can log it.
 */
export const requireKey = (authenticate: Authenticate): Handler => {
  return (request, response, next) => {
    const { headers, url = '/' } = request
    if (OPEN_PATHS.has(url.replace(/\?.*/, ''))) return next()
    const caller = authenticate(headers)
    if (caller === undefined) {
      // Requests of the server's own pages get the challenge too. Otherwise the browser does not send them the
      // credentials.
      const isBrowser = headers.accept?.includes('text/html') || headers['sec-fetch-site'] === 'same-origin'
      response.setHeader('WWW-Authenticate', isBrowser ? BASIC_CHALLENGE : BEARER_CHALLENGE)
      return sendJson(response, 401, { message: KEY_REQUIRED })
    }
    request.caller = caller
    delete headers.authorization
    delete headers['x-api-key']
    next()
  }
}
