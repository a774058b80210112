import type { Handler } from './handler'

/** How long a browser may remember the response to a preflight, in seconds. */
const MAX_AGE = '600'

/**
 * Allows pages of these origins to send any header and read every response, without the browser's stored credentials.
 * Responds to their preflights. `listMethods` sets `Allow` to the methods of the request's path.
 */
export const allowOrigins = (origins: readonly string[], listMethods: Handler): Handler => {
  const allowed = new Set(origins)
  return (request, response, next) => {
    response.setHeader('Vary', 'Origin')
    const { origin } = request.headers
    if (origin === undefined || !allowed.has(origin)) return next()
    response.setHeader('Access-Control-Allow-Origin', origin)
    response.setHeader('Access-Control-Expose-Headers', '*')
    const isPreflight = request.method === 'OPTIONS' && 'access-control-request-method' in request.headers
    if (!isPreflight) return next()
    listMethods(request, response, (error?: unknown) => {
      if (error) return next(error)
      response.setHeader('Access-Control-Allow-Methods', response.getHeader('Allow') ?? 'GET, HEAD')
      // The wildcard does not include Authorization.
      response.setHeader('Access-Control-Allow-Headers', '*, Authorization')
      response.setHeader('Access-Control-Max-Age', MAX_AGE)
      response.writeHead(204).end()
    })
  }
}
