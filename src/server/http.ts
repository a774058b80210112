import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import type { ApiRouteConfig, LockedData, Step } from 'motia'
import { INVALID_PAYLOAD } from '../http/errors'

/** The largest JSON body, in express' notation. */
const BODY_LIMIT = '100kb'

interface Route {
  pattern: RegExp
  methods: string[]
}

/** The routes of the API steps, one for each path. */
const routesOf = (steps: Step<ApiRouteConfig>[]): Route[] => {
  const byPath = new Map<string, string[]>()
  for (const { config } of steps) byPath.set(config.path, [...(byPath.get(config.path) ?? []), config.method])
  return [...byPath].map(([path, methods]) => ({
    // As express matches: a parameter is one segment, a slash may follow, case does not matter.
    pattern: new RegExp(`^${path.replace(/:[^/]+/g, '[^/]+')}/?$`, 'i'),
    methods: methods.includes('GET') ? [...methods, 'HEAD'] : methods,
  }))
}

const parseJson = express.json({ type: () => true, strict: false, limit: BODY_LIMIT })

/**
 * Reads the body of a step's request as JSON whatever its content type says, since JSON is all that a step takes. Marks it
 * as read, so that Motia's own parsers (which allow 1 GB) leave it alone, also where there is none.
 */
const readBody: RequestHandler = (request, response, next) => {
  const done = (error?: unknown) => {
    if (error) return next(error)
    const isParsed = '_body' in request && request._body === true
    if (!isParsed) request.body = undefined
    Object.assign(request, { _body: true })
    next()
  }
  if (request.method === 'GET' || request.method === 'HEAD') done()
  else parseJson(request, response, done)
}

/**
 * Lets pass what a step answers. A known path with another method is a 405, and `OPTIONS` tells the methods. Anything else
 * is a 404 where `isClosed`, and Motia's business where not.
 */
const door = (routes: () => Route[], isClosed: boolean): RequestHandler => {
  return (request, response, next) => {
    const route = routes().find(({ pattern }) => pattern.test(request.path))
    if (!route) {
      if (isClosed) response.status(404).json({ message: 'Not found' })
      else next()
    } else if (route.methods.includes(request.method)) {
      readBody(request, response, next)
    } else {
      response.set('Allow', route.methods.join(', '))
      if (request.method === 'OPTIONS') response.status(204).end()
      else response.status(405).json({ message: 'Method not allowed' })
    }
  }
}

/** Answers errors of the HTTP layer as JSON: what the client did wrong with its status, anything else as a bare 500. */
export const answerHttpErrors: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) return next(error)
  const status = typeof error?.status === 'number' && error.status >= 400 && error.status < 500 ? error.status : 500
  if (status === 500) console.error('Unexpected error:', error)
  response.status(status).json(bodyFor(status, error?.type))
}

const bodyFor = (status: number, type: unknown): object => {
  if (status === 413) return { message: `The body is too large: at most ${BODY_LIMIT} are accepted` }
  if (status === 415) return { message: 'The encoding or character set of the body is not supported' }
  if (type === 'entity.parse.failed') {
    return { message: INVALID_PAYLOAD, issues: [{ path: '', message: 'The body is not valid JSON' }] }
  }
  if (status === 500) return { message: 'Internal server error' }
  return { message: 'Bad request' }
}

/** What the HTTP layer asks the rest of the server. */
export interface HttpOptions {
  lockedData: LockedData
  /** In production nothing but the steps' routes and `/health` answers. */
  isProduction: boolean
  /** The answer to `GET /health`; must not reject. */
  health: () => Promise<{ status: number; body: object }>
}

/** Puts `/health`, the door and body reading in front of everything that Motia registers. */
export const configureHttp = (app: Express, { lockedData, isProduction, health }: HttpOptions): void => {
  let routes: Route[] | undefined
  for (const change of ['step-created', 'step-updated', 'step-removed'] as const) {
    lockedData.onStep(change, () => {
      routes = undefined
    })
  }
  app.disable('x-powered-by')
  app.get('/health', async (_request, response) => {
    const { status, body } = await health()
    response.status(status).json(body)
  })
  app.use(door(() => (routes ??= routesOf(lockedData.apiSteps())), isProduction))
  app.use(answerHttpErrors)
}
