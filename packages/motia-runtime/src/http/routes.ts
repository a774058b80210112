import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request as ExpressRequest,
  type Response as ExpressResponse,
  type NextFunction,
  type RequestHandler,
  Router,
} from 'express'
import type { ApiRouteConfig, LockedData, Step } from 'motia'
import type { Metrics } from '../metrics/metrics'
import { allowOrigins } from './cors'
import { etagOf } from './etag'
import { setSecurityHeaders } from './guards'
import { type Handler, sendJson } from './handler'

/** The largest JSON body, in express' notation. */
export const BODY_LIMIT = '100kb'

/** A response to `GET /health` and `GET /readyz`. */
export interface Health {
  status: number
  body: object
}

/** What the HTTP layer needs of the rest of the server. */
export interface RoutesOptions {
  lockedData: Pick<LockedData, 'apiSteps' | 'onStep'>
  /** In production only the steps' routes and the server's own respond. */
  isProduction: boolean
  /** Refuses requests that no step should see. */
  guard: Handler
  /** Pages of these origins may use the API. */
  corsOrigins?: readonly string[]
  /** Refuses requests without an API key; undefined if none is needed. */
  requireKey?: Handler | undefined
  /** Returns the response to `GET /health` and `GET /readyz`; must not reject. */
  health: () => Health | Promise<Health>
  /** Times the requests, and responds to `GET /metrics`. */
  metrics?: Pick<Metrics, 'timeRequests' | 'respond'> | undefined
  /** Returns the body of the 400 for a request whose body is not JSON. */
  invalidJson: (problem: string) => object
  /** Returns the handler that runs an API step. Null leaves the step to Motia's own route, which starts a process. */
  answer: ((step: Step<ApiRouteConfig>) => Handler) | null
  /**
   * The routes of the API's documentation; undefined if they are turned off. Steps of the same path take precedence.
   */
  docs?: RequestHandler | undefined
  /** The project's own middleware and routes (`app` of motia.config.ts). They precede the steps, as in stock Motia. */
  customize?: ((app: Express) => void) | undefined
}

/**
 * Returns the server's listener, with the guards, the server's own routes and the steps' routes. Other requests go on
 * to express's application, to which Motia adds its routes later. The application changes the prototype of each request
 * and response, which takes 40 µs. Node and a router need 20.
 */
export const configureRoutes = (app: Express, options: RoutesOptions): RequestListener => {
  const { lockedData, isProduction, guard, corsOrigins = [], requireKey, health, metrics, answer, docs } = options
  let current: Routes | undefined
  const routes = (): Routes => {
    current ??= routesOf(lockedData.apiSteps(), app, options)
    return current
  }
  for (const change of ['step-created', 'step-updated', 'step-removed'] as const) {
    lockedData.onStep(change, () => {
      current = undefined
    })
  }
  app.disable('x-powered-by')
  // `answer` adds the tags itself, to fewer responses.
  app.set('etag', answer ? false : etagOf)
  const front = Router()
  if (metrics) front.use(metrics.timeRequests)
  // The Workbench's page cannot use these paths.
  if (isProduction) front.use(setSecurityHeaders)
  front.use(guard)
  if (corsOrigins.length > 0) front.use(allowOrigins(corsOrigins, (...args) => run(routes().methods, ...args)))
  if (requireKey) front.use(requireKey)
  if (metrics) front.get('/metrics', metrics.respond)
  front.get('/livez', (_request, response) => sendJson(response, 200, { status: 'ok' }))
  for (const path of ['/health', '/readyz']) {
    front.get(path, async (_request, response) => {
      const { status, body } = await health()
      sendJson(response, status, body)
    })
  }
  if (options.customize) {
    const own = express().disable('x-powered-by')
    options.customize(own)
    front.use(own)
  }
  front.use((request, response, next) => routes().steps(request, response, next))
  front.use(httpErrors(options))

  if (docs) app.use(docs)
  if (isProduction) {
    app.use((_request, response, next) => {
      if (response.locals.isStep) next()
      else sendJson(response, 404, { message: 'Not found' })
    })
  }
  app.use(httpErrors(options))
  return (request, response) => {
    run(front, request, response, (error) => {
      // The response had already begun when the error occurred.
      if (error) request.socket.destroy()
      else app(request, response)
    })
  }
}

/** Runs a router, which needs only Node's request and response, although its types ask for express's. */
const run = (router: Router, request: IncomingMessage, response: ServerResponse, next: NextFunction): void =>
  router(request as ExpressRequest, response as ExpressResponse, next)

/** Compares paths so that a literal segment comes before a parameter: `/pets/stats` before `/pets/:id`. */
export const bySpecificity = (a: string, b: string): number => {
  const [left, right] = [a.split('/').map(rankOf), b.split('/').map(rankOf)]
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? -1) - (right[index] ?? -1)
    if (difference !== 0) return difference
  }
  return 0
}

const rankOf = (segment: string): number => (segment.includes('*') ? 2 : segment.includes(':') ? 1 : 0)

/** What the current steps respond to. */
interface Routes {
  /**
   * Runs the step of the request. Responds with a 405 to other methods of a known path, and with the methods to
   * `OPTIONS`. Other paths go to the next route.
   */
  steps: Router
  /** Sets `Allow` to the methods of the request's path, if it is the path of a step or of the server itself. */
  methods: Router
}

const routesOf = (steps: Step<ApiRouteConfig>[], app: Express, options: RoutesOptions): Routes => {
  const { answer, metrics, docs } = options
  const [router, methods] = [Router(), Router()]
  router.use(express.query({}))
  const ordered = steps.toSorted((a, b) => bySpecificity(a.config.path, b.config.path))
  for (const step of ordered) {
    const { method, path } = step.config
    if (method !== 'GET') router[VERBS[method]](path, readBody)
    router[VERBS[method]](path, answer?.(step) ?? leaveTo(app))
  }
  // After all of them, since several paths may match a request: two steps may use different names for a parameter.
  for (const { config } of ordered) methods.all(config.path, allow(config.method))
  const ownPaths = ['/livez', '/health', '/readyz', metrics && '/metrics', docs && '/openapi.json', docs && '/docs']
  for (const path of ownPaths) if (path) methods.all(path, allow('GET'))
  router.use(methods, refuseMethod)
  return { steps: router, methods }
}

const allow = (method: ApiRouteConfig['method']): Handler => {
  const methods = method === 'GET' ? 'GET, HEAD' : method
  return (_request, response, next) => {
    const others = String(response.getHeader('Allow') ?? '')
    if (!others.includes(methods)) response.setHeader('Allow', others ? `${others}, ${methods}` : methods)
    next()
  }
}

const refuseMethod: Handler = (request, response, next) => {
  const allowed = response.getHeader('Allow')
  // The documentation is served later, since steps take precedence over it.
  if (!allowed || String(allowed).split(', ').includes(String(request.method))) next()
  else if (request.method === 'OPTIONS') response.writeHead(204).end()
  else sendJson(response, 405, { message: 'Method not allowed' })
}

const VERBS = {
  GET: 'get',
  POST: 'post',
  PUT: 'put',
  PATCH: 'patch',
  DELETE: 'delete',
  OPTIONS: 'options',
  HEAD: 'head',
} as const

const responses = new AsyncLocalStorage<ServerResponse>()

/** Adds the trace id that Motia's own route has given the current request to the response. Called for jobs too. */
export const tellTraceId = (traceId: string): void => {
  const response = responses.getStore()
  // The first is the request's own. Later ones are those of jobs that began meanwhile.
  if (response?.hasHeader('X-Trace-Id') === false) response.setHeader('X-Trace-Id', traceId)
}

/** Returns a handler that lets Motia's own route run the step. */
const leaveTo =
  (app: Express): Handler =>
  (request, response) => {
    // Express keeps the `locals` that it finds.
    Object.assign(response, { locals: { isStep: true } })
    // Tells Motia's own parsers, which allow 1 GB, that the body has been read, even if there is none.
    Object.assign(request, { _body: true })
    withoutCors(response)
    responses.run(response, () => app(request, response))
  }

/** Removes Motia's CORS headers, which allow every origin everything, with credentials. */
const withoutCors = (response: ServerResponse): void => {
  const { setHeader } = response
  response.setHeader = (...args) =>
    /^access-control-/i.test(args[0]) ? response : Reflect.apply(setHeader, response, args)
}

/** Thrown if the body is not valid UTF-8. */
class InvalidUtf8Error extends Error {
  override readonly name = 'InvalidUtf8Error'
  readonly status = 400
  readonly type = 'entity.parse.failed'
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

const parseJson = express.json({
  type: () => true,
  strict: false,
  limit: BODY_LIMIT,
  verify: (request: IncomingMessage, _response, body) => {
    try {
      request.rawBody = utf8.decode(body)
    } catch {
      throw new InvalidUtf8Error('The body is not valid UTF-8')
    }
  },
})

/** Reads the body as JSON regardless of its content type, since steps accept only JSON; undefined if there is none. */
const readBody: Handler = (request, response, next) => {
  // A parser of the project's own (`app` in motia.config.ts) has read it.
  if (request.readableEnded) return next()
  parseJson(request, response, (error?: unknown) => {
    // The parser turns an empty body into `{}`.
    if (!request.rawBody) request.body = undefined
    next(error)
  })
}

/**
 * Responds to errors of the HTTP layer as JSON: to the client's errors with their status, to others with a 500 without
 * details.
 */
export const httpErrors = ({ invalidJson }: Pick<RoutesOptions, 'invalidJson'>): ErrorRequestHandler => {
  return (error, _request, response, next) => {
    const status = typeof error?.status === 'number' && error.status >= 400 && error.status < 500 ? error.status : 500
    if (status === 500) console.error('Unexpected error:', error)
    if (response.headersSent) return next(error)
    sendJson(response, status, bodyFor(status, error?.type, invalidJson))
  }
}

const bodyFor = (status: number, type: unknown, invalidJson: RoutesOptions['invalidJson']): object => {
  if (status === 413) return { message: `The body is too large: at most ${BODY_LIMIT} are accepted` }
  if (status === 415) return { message: 'The encoding or character set of the body is not supported' }
  if (type === 'entity.parse.failed') return invalidJson('The body is not valid JSON')
  if (status === 500) return { message: 'Internal server error' }
  return { message: 'Bad request' }
}
