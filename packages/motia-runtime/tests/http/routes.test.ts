import { IncomingMessage, type ServerResponse } from 'node:http'
import express, { type NextFunction } from 'express'
import type { ApiRouteConfig, ApiRouteMethod, Step } from 'motia'
import request from 'supertest'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { etagOf } from '../../src/http/etag'
import { type Handler, sendJson } from '../../src/http/handler'
import { bySpecificity, configureRoutes, type RoutesOptions } from '../../src/http/routes'

const stepOf = (method: ApiRouteMethod, path: string): Step<ApiRouteConfig> => ({
  filePath: `steps/${method}${path}.step.ts`,
  version: '1',
  config: { type: 'api', name: `${method} ${path}`, method, path, emits: [] },
})

/** Returns every order of a list. */
const permutations = <T>(list: T[]): T[][] =>
  list.length < 2
    ? [list]
    : list.flatMap((one, index) => permutations(list.toSpliced(index, 1)).map((rest) => [one, ...rest]))

/** Responds with the name of the step, and with its input. */
const tell =
  (step: Step): Handler =>
  ({ params, body, rawBody }, response) =>
    sendJson(response, 200, { step: step.config.name, params, body, rawBody })

const pass: Handler = (_request, _response, next) => next()

/** An app with these steps. `change` replaces them, as hot reload does. */
const makeApp = (steps: Step<ApiRouteConfig>[], options: Partial<RoutesOptions> = {}) => {
  const motia = express()
  const listeners: (() => void)[] = []
  let current = steps
  const app = configureRoutes(motia, {
    lockedData: {
      apiSteps: () => current,
      onStep: (_, listener) => void listeners.push(() => listener(stepOf('GET', '/'))),
    },
    isProduction: false,
    guard: pass,
    health: () => ({ status: 200, body: { status: 'ok' } }),
    invalidJson: (problem) => ({ message: 'Invalid payload', problem }),
    answer: tell,
    ...options,
  })
  motia.use((_request, response) => void response.status(200).json({ step: 'what Motia registers' }))
  const change = (next: Step<ApiRouteConfig>[]) => {
    current = next
    for (const listener of listeners) listener()
  }
  return { app, change }
}

afterEach(() => {
  vi.restoreAllMocks()
})

test('When Motia itself runs the steps, then express adds the same ETags, and responds 304', async () => {
  const { app } = makeApp([stepOf('GET', '/')], { answer: null })
  const { text, headers } = await request(app).get('/').expect(200)
  expect(headers.etag).toBe(etagOf(text))
  await request(app).get('/').set('If-None-Match', etagOf(text)).expect(304)
})

test.each([true, false])(
  'When the project has an app of its own, then its middleware and routes come before the steps (production: %j)',
  async (isProduction) => {
    const { app } = makeApp([stepOf('GET', '/pets'), stepOf('POST', '/pets')], {
      isProduction,
      customize: (own) => {
        own.use((_request, response, next) => {
          response.set('X-Own', 'yes')
          next()
        })
        own.get('/own', (_request, response) => void response.json({ own: true }))
        own.get('/broken', () => {
          throw new Error('It is broken')
        })
      },
    })
    const { headers } = await request(app).post('/pets').send({ name: 'Rex' }).expect(200)
    expect(headers).toMatchObject({ 'x-own': 'yes' })
    expect(headers).not.toHaveProperty('x-powered-by')
    await request(app).get('/own').expect(200, { own: true })
    const log = vi.spyOn(console, 'error').mockReturnValue()
    await request(app).get('/broken').expect(500)
    expect(log).toHaveBeenCalledOnce()
  },
)

test('When the project has parsers of its own, then they read the bodies for which they are made', async () => {
  const { app } = makeApp([stepOf('POST', '/forms')], {
    customize: (own) => {
      own.use(express.urlencoded({ extended: true }), express.text())
      own.use('/forms', express.json({ limit: '1mb' }))
    },
  })
  const post = () => request(app).post('/forms')
  const { body: form } = await post().type('form').send('name=Rex&tags[]=a').expect(200)
  expect(form.body).toEqual({ name: 'Rex', tags: ['a'] })
  const { body: text } = await post().type('text/plain').send('Rex').expect(200)
  expect(text.body).toBe('Rex')
  const { body: large } = await post()
    .send({ name: 'x'.repeat(200_000) })
    .expect(200)
  expect(large.body.name).toHaveLength(200_000)
  const { body: other } = await post().type('application/vnd.api+json').send('{"name":"Rex"}').expect(200)
  expect(other).toMatchObject({ body: { name: 'Rex' }, rawBody: '{"name":"Rex"}' })
  const { body: none } = await post().expect(200)
  expect(none).toEqual({ step: 'POST /forms', params: {}, rawBody: '' })
})

test('When an error comes after the response has begun, then it is logged, and the connection is closed', async () => {
  const error = new Error('It is broken')
  const answer = () => (_request: unknown, response: ServerResponse, next: NextFunction) => {
    response.write('[1')
    next(error)
  }
  const { app } = makeApp([stepOf('GET', '/')], { answer })
  const log = vi.spyOn(console, 'error').mockReturnValue()
  await expect(request(app).get('/')).rejects.toThrow('aborted')
  expect(log.mock.calls).toEqual([['Unexpected error:', error]])
})

describe('the path of a request', () => {
  const list = stepOf('GET', '/js/pets')
  const byId = stepOf('GET', '/js/pets/:id')
  const stats = stepOf('GET', '/js/pets/stats')
  const toys = stepOf('GET', '/js/pets/:id/toys')
  const popularToys = stepOf('GET', '/js/pets/:id/toys/popular')
  const everything = stepOf('GET', '/js/*')

  test.each(
    permutations([list, byId, stats, toys, everything]).map((steps) => [steps.map(({ config }) => config.path), steps]),
  )(
    'When the steps are registered in the order %j, then a literal comes before a parameter, and that before a wildcard',
    async (_, steps) => {
      const { app } = makeApp(steps.filter((step) => typeof step !== 'string'))
      const stepAt = async (path: string) => (await request(app).get(path)).body.step
      expect(
        await Promise.all(['/js/pets', '/js/pets/7', '/js/pets/stats', '/js/pets/7/toys', '/js/cats'].map(stepAt)),
      ).toEqual([...['GET /js/pets', 'GET /js/pets/:id', 'GET /js/pets/stats', 'GET /js/pets/:id/toys', 'GET /js/*']])
    },
  )

  test('When any two paths are compared, then the order is the same from both sides', () => {
    const paths = [list, byId, stats, toys, popularToys, everything].map(({ config }) => config.path)
    for (const a of paths) {
      for (const b of paths)
        expect(Math.sign(bySpecificity(a, b)), `${a} ${b}`).toBe(-Math.sign(bySpecificity(b, a)) || 0)
    }
  })

  test('When steps are added and removed, then the next request finds the current ones, in the same order', async () => {
    const { app, change } = makeApp([byId])
    await request(app)
      .get('/js/pets/stats')
      .expect(/"GET \/js\/pets\/:id"/)
    change([byId, stats])
    await request(app)
      .get('/js/pets/stats')
      .expect(/"GET \/js\/pets\/stats"/)
    change([byId])
    await request(app)
      .get('/js/pets/stats')
      .expect(/"GET \/js\/pets\/:id"/)
  })

  test('When it belongs to no step, then the next route responds, and in production the response is a 404', async () => {
    await request(makeApp([list]).app)
      .get('/js/pet')
      .expect(200, { step: 'what Motia registers' })
    await request(makeApp([list], { isProduction: true }).app)
      .get('/js/pet')
      .expect(404, { message: 'Not found' })
  })

  test('When it cannot be decoded, then the response is a 400', async () => {
    await request(makeApp([byId]).app)
      .get('/js/pets/%E0%A4%A')
      .expect(400, { message: 'Bad request' })
  })
})

describe('the method of a request', () => {
  const steps = [stepOf('GET', '/js/pets/:id'), stepOf('PUT', '/js/pets/:id'), stepOf('GET', '/js/pets/stats')]

  test('When the path has no step for it, then the response is a 405 that names the methods', async () => {
    const { headers } = await request(makeApp(steps).app)
      .patch('/js/pets/7')
      .expect(405, { message: 'Method not allowed' })
    expect(headers.allow).toBe('GET, HEAD, PUT')
    await request(makeApp(steps).app).patch('/js/pets/stats').expect('Allow', 'GET, HEAD, PUT')
  })

  test('When it is OPTIONS, then the response names the methods', async () => {
    const { headers } = await request(makeApp(steps).app).options('/js/pets/7').expect(204)
    expect(headers.allow).toBe('GET, HEAD, PUT')
  })

  test("When the path is the server's own, then it is treated in the same way", async () => {
    const metrics = { timeRequests: pass, respond: pass }
    const { app } = makeApp([], { metrics, docs: pass })
    for (const path of ['/livez', '/readyz', '/health', '/metrics', '/openapi.json', '/docs']) {
      await request(app).post(path).expect(405, { message: 'Method not allowed' }).expect('Allow', 'GET, HEAD')
      await request(app).options(path).expect(204).expect('Allow', 'GET, HEAD')
    }
    await request(makeApp([], { isProduction: true }).app)
      .post('/metrics')
      .expect(404, { message: 'Not found' })
  })

  test('When it is HEAD, then the step for GET responds', async () => {
    await request(makeApp(steps).app).head('/js/pets/7').expect(200)
  })

  test('When two steps name the parameter of a path differently, then each has its method', async () => {
    const { app } = makeApp([...steps, stepOf('DELETE', '/js/pets/:petId')])
    await request(app)
      .delete('/js/pets/7')
      .expect(/"petId":"7"/)
    await request(app)
      .put('/js/pets/7')
      .expect(/"id":"7"/)
    const { headers } = await request(app).patch('/js/pets/7').expect(405)
    expect(headers.allow).toBe('GET, HEAD, PUT, DELETE')
  })

  test('When the literal path has no step for it and the parameter has one, then that step responds', async () => {
    await request(makeApp(steps).app)
      .put('/js/pets/stats')
      .send({})
      .expect(/"PUT \/js\/pets\/:id"/)
  })
})

describe('the body of a request', () => {
  const { app } = makeApp([stepOf('POST', '/js/pets'), stepOf('DELETE', '/js/pets/:id')])
  const post = (body: string | Buffer, type = 'application/json') =>
    request(app)
      .post('/js/pets')
      .set('Content-Type', type)
      // Otherwise supertest turns a buffer into JSON.
      .serialize((data) => data)
      .send(body)

  test.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-8'])(
    'When its content type is %s, then it is read as JSON',
    async (type) => {
      const { body } = await post('{"name": "Zoë"}', type).expect(200)
      expect(body).toMatchObject({ body: { name: 'Zoë' }, rawBody: '{"name": "Zoë"}' })
    },
  )

  test.each(['7', '"Rex"', 'null', '[]', 'true'])('When it is %s, then the step gets that', async (text) => {
    const { body } = await post(text).expect(200)
    expect(body.body).toEqual(JSON.parse(text))
  })

  test('When there is none, then the step gets nothing', async () => {
    const { body } = await request(app).delete('/js/pets/7').expect(200)
    expect(Object.keys(body)).toEqual(['step', 'params'])
    const empty = await request(app).post('/js/pets').set('Content-Length', '0').expect(200)
    expect(empty.body).not.toHaveProperty('body')
  })

  test.each([
    ['not JSON', '{"name":'],
    ['not JSON', 'name=Rex'],
  ])('When it is %s, as in %j, then the response is the 400 of the project', async (_, text) => {
    const { body } = await post(text).expect(400)
    expect(body).toEqual({ message: 'Invalid payload', problem: expect.stringContaining('JSON') })
  })

  test.each([
    ['a byte that UTF-8 does not have', Buffer.from([0x22, 0xff, 0x22])],
    ['half of a character', Buffer.from([0x22, 0xc3, 0x22])],
    ['half of a pair of surrogates', Buffer.from([0x22, 0xed, 0xa0, 0xbd, 0x22])],
  ])('When it contains %s, then the response is a 400, and no step sees a replacement for it', async (_, bytes) => {
    const { body } = await post(bytes).expect(400)
    expect(body).toMatchObject({ message: 'Invalid payload' })
  })

  test('When it begins with a byte order mark, then it is read without that', async () => {
    const { body } = await post(Buffer.from('\ufeff{"name": "Rex"}')).expect(200)
    expect(body.body).toEqual({ name: 'Rex' })
  })

  test('When it is larger than 100 kB, then the response is a 413', async () => {
    const { body } = await post(`"${'x'.repeat(102_400)}"`).expect(413)
    expect(body.message).toContain('100kb')
  })

  test('When its encoding or character set is unknown, then the response is a 415', async () => {
    await post('{}', 'application/json; charset=latin1').expect(415)
    await post('{}').set('Content-Encoding', 'zip').expect(415)
  })
})

describe('errors', () => {
  test('When a handler fails after it has begun the response, then the connection is closed', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const { app } = makeApp([stepOf('GET', '/fails')], {
      answer: () => (_request, response) => {
        response.writeHead(200, { 'Content-Length': 7 }).write('x')
        throw new Error('no')
      },
    })
    await expect(request(app).get('/fails')).rejects.toThrow('aborted')
  })

  test('When a handler fails, then the response is a bare 500, and the error is logged', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const error = new Error('/secret/path')
    const { app } = makeApp([stepOf('GET', '/fails')], {
      answer: () => () => {
        throw error
      },
    })
    await request(app).get('/fails').expect(500, { message: 'Internal server error' })
    expect(logged).toHaveBeenCalledWith(expect.any(String), error)
  })
})

describe('the rest', () => {
  test("When a step responds, then express's application, which slows every request down, has not seen the request", async () => {
    const answer = (): Handler => (request, response) =>
      sendJson(response, 200, { isPlain: Object.getPrototypeOf(request) === IncomingMessage.prototype })
    const { app } = makeApp([stepOf('GET', '/js/pets')], { answer })
    await request(app).get('/js/pets').expect(200, { isPlain: true })
  })

  test('When the guard refuses a request, then no step sees it, and neither does a route of the server', async () => {
    const guard: Handler = (_request, response) => sendJson(response, 403, { message: 'no' })
    const { app } = makeApp([stepOf('GET', '/js/pets')], { guard })
    for (const path of ['/js/pets', '/health', '/livez', '/other'])
      await request(app).get(path).expect(403, { message: 'no' })
  })

  test('When keys are needed, then no step sees a request without one, but a page may send a preflight', async () => {
    const requireKey: Handler = (_request, response) => sendJson(response, 401, { message: 'no' })
    const steps = [stepOf('GET', '/js/pets/:id'), stepOf('PUT', '/js/pets/:id'), stepOf('OPTIONS', '/js/pets/:id')]
    const corsOrigins = ['http://localhost:5173']
    const { app } = makeApp(steps, { requireKey, corsOrigins })
    const [Origin] = corsOrigins
    for (const path of ['/js/pets/7', '/health', '/other'])
      await request(app)
        .get(path)
        .set({ Origin })
        .expect(401)
        .expect('Access-Control-Allow-Origin', 'http://localhost:5173')
    await request(app).options('/js/pets/7').set({ Origin }).expect(401)
    const preflight = { Origin, 'Access-Control-Request-Method': 'PUT' }
    const { headers } = await request(app).options('/js/pets/7').set(preflight).expect(204)
    expect(headers['access-control-allow-methods']).toBe('GET, HEAD, PUT, OPTIONS')
    await request(app).options('/js/pets/%E0%A4%A').set(preflight).expect(400, { message: 'Bad request' })
  })

  test('When the check fails, then /health and /readyz say so, and /livez responds with a 200', async () => {
    const health = async () => ({ status: 503, body: { status: 'unavailable' } })
    const { app } = makeApp([stepOf('GET', '/:path')], { health })
    for (const path of ['/health', '/readyz']) await request(app).get(path).expect(503, { status: 'unavailable' })
    await request(app).get('/livez').expect(200, { status: 'ok' })
  })

  test('When Motia runs the step, then the request goes on to its route, also in production, and without its CORS headers', async () => {
    const motia = express()
    const app = configureRoutes(motia, {
      lockedData: { apiSteps: () => [stepOf('POST', '/js/pets')], onStep: () => {} },
      isProduction: true,
      guard: pass,
      health: () => ({ status: 200, body: {} }),
      invalidJson: (problem) => ({ message: problem }),
      answer: null,
    })
    motia.use(express.json())
    motia.post('/js/pets', ({ body }, response) => {
      response.header('Access-Control-Allow-Origin', '*').header('X-Pet', 'Rex').json(body)
    })
    const { headers } = await request(app).post('/js/pets').send({ name: 'Rex' }).expect(200, { name: 'Rex' })
    expect(headers).toMatchObject({ 'x-pet': 'Rex' })
    expect(headers).not.toHaveProperty('access-control-allow-origin')
    await request(app).post('/js/pet').send({}).expect(404)
  })

  test('When the server is in production, then every response has the security headers, and none mentions express', async () => {
    const { app } = makeApp([stepOf('GET', '/js/pets')], { isProduction: true })
    for (const path of ['/js/pets', '/health', '/other']) {
      const { headers } = await request(app).get(path)
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
      expect(headers).not.toHaveProperty('x-powered-by')
    }
  })
})
