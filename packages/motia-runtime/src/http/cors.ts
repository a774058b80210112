import type { RequestHandler } from 'express'

/** How long a browser may remember the response to a preflight, in seconds. */
const MAX_AGE = '600'

/**
 * Allows pages of these origins to send any header and read every response, without the browser's stored credentials.
 * Responds to their preflights. `listMethods` sets `Allow` to the methods of the request's path.
 */
export const allowOrigins = (origins: readonly string[], listMethods: RequestHandler): RequestHandler => {
  const allowed = new Set(origins)
  return (request, response, next) => {
    response.vary('Origin')
    const { origin } = request.headers
    if (origin === undefined || !allowed.has(origin)) return next()
    response.set({ 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': '*' })
    const isPreflight = request.method === 'OPTIONS' && 'access-control-request-method' in request.headers
    if (!isPreflight) return next()
    listMethods(request, response, (error?: unknown) => {
      if (error) return next(error)
      response.set({
        'Access-Control-Allow-Methods': response.get('Allow') ?? 'GET, HEAD',
        // The wildcard does not include Authorization.
        'Access-Control-Allow-Headers': '*, Authorization',
        'Access-Control-Max-Age': MAX_AGE,
      })
      response.status(204).end()
    })
  }
}
