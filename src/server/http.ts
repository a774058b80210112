import type { IncomingMessage } from 'node:http'
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Response, Router } from 'express'
import type { ApiRouteConfig, LockedData, Step } from 'motia'
import { INVALID_PAYLOAD } from '../http/errors'
import { refuseForeigners, setSecurityHeaders } from './doors'
import type { Health } from './health'

/** The largest JSON body, in express' notation. */
const BODY_LIMIT = '100kb'

/** What the HTTP layer asks the rest of the server. */
export interface HttpOptions {
  lockedData: LockedData
  /** In production nothing but the steps' routes and `/health` answers. */
  isProduction: boolean
  /** The name or address that the server listens on. */
  host: string
  /** The answer to `GET /health`; must not reject. */
  health: () => Health | Promise<Health>
  /** Answers a request by a step; null leaves it to Motia's own route, which runs the step in a process of its own. */
  answer: ((step: Step<ApiRouteConfig>) => RequestHandler) | null
}

/** Puts `/health` and the steps' routes, with doors and body reading, in front of everything that Motia registers. */
export const configureHttp = (app: Express, options: HttpOptions): void => {
  const { lockedData, isProduction, host, health } = options
  let router: Router | undefined
  for (const change of ['step-created', 'step-updated', 'step-removed'] as const) {
    lockedData.onStep(change, () => {
      router = undefined
    })
  }
  app.disable('x-powered-by')
  // The Workbench's page could not live under these.
  if (isProduction) app.use(setSecurityHeaders)
  app.use(refuseForeigners(isProduction ? null : host))
  app.get('/health', async (_request, response) => {
    const { status, body } = await health()
    response.status(status).json(body)
  })
  app.use((request, response, next) => {
    router ??= routerOf(lockedData.apiSteps(), options)
    router(request, response, next)
  })
  if (isProduction) {
    app.use((_request, response, next) => {
      if (response.locals.isStep) next()
      else response.status(404).json({ message: 'Not found' })
    })
  }
  app.use(answerHttpErrors)
}

/**
 * The steps' routes. A known path with another method is a 405, and `OPTIONS` tells the methods. A path of no step goes on
 * to what is registered next.
 */
const routerOf = (steps: Step<ApiRouteConfig>[], { answer }: HttpOptions): Router => {
  const router = Router()
  for (const path of new Set(steps.map(({ config }) => config.path))) {
    const route = router.route(path)
    const methods: string[] = []
    for (const step of steps.filter(({ config }) => config.path === path)) {
      const { method } = step.config
      methods.push(...(method === 'GET' ? ['GET', 'HEAD'] : [method]))
      const verb = VERBS[method]
      if (method !== 'GET') route[verb](readBody)
      route[verb](answer?.(step) ?? leaveToMotia)
    }
    route.all((request, response) => {
      response.set('Allow', methods.join(', '))
      if (request.method === 'OPTIONS') response.status(204).end()
      else response.status(405).json({ message: 'Method not allowed' })
    })
  }
  return router
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

const leaveToMotia: RequestHandler = (request, response, next) => {
  response.locals.isStep = true
  // Tells Motia's own parsers, which allow 1 GB, that the body has been read, also where there is none.
  Object.assign(request, { _body: true })
  withoutCors(response)
  next('router')
}

/** Motia allows every origin everything, with credentials. Here no other origin is allowed anything. */
const withoutCors = (response: Response): void => {
  const { header } = response
  response.header = (...args: unknown[]) =>
    /^access-control-/i.test(String(args[0])) ? response : Reflect.apply(header, response, args)
}

const parseJson = express.json({
  type: () => true,
  strict: false,
  limit: BODY_LIMIT,
  verify: (request: IncomingMessage, _response, body) => {
    request.rawBody = body.toString()
  },
})

/** Reads the body as JSON whatever its content type says, since JSON is all that a step takes; undefined where there is none. */
const readBody: RequestHandler = (request, response, next) => {
  parseJson(request, response, (error?: unknown) => {
    const isParsed = '_body' in request && request._body === true
    if (!isParsed) request.body = undefined
    next(error)
  })
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
