import { once } from 'node:events'
import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type NextFunction, type Request, type Response } from 'express'
import type { ApiRequest, ApiResponse, Step } from 'motia'
import request from 'supertest'
import { afterEach, describe, expect, test } from 'vitest'
import { waitFor } from '../../../../tests/support/wait-for'
import { etagOf } from '../../src/http/etag'
import { answerBy } from '../../src/steps/answer'

const step: Step = {
  filePath: 'steps/a.step.ts',
  version: '1',
  config: { type: 'api', name: 'A', method: 'GET', path: '/:id', emits: [] },
}

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** Starts a server whose step does that for each request; returns its URL. */
const serving = async (runApi: (input: ApiRequest) => Promise<ApiResponse<number, unknown>>): Promise<string> => {
  const app = express()
  app.get('/:id', answerBy({ runApi: (_, input) => runApi(input) }, step))
  const server = createServer(app).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
}

const responding = (response: ApiResponse<number, unknown>): Promise<string> => serving(async () => response)

test('When a request comes, then the step gets its path, query, headers and raw body', async () => {
  const seen: ApiRequest[] = []
  const url = await serving(async (input) => {
    seen.push(input)
    return { status: 204, body: undefined }
  })
  await request(url).get('/7?limit=1&tag=a&tag=b').set('X-Pet', 'Rex').expect(204)
  expect(seen).toMatchObject([
    {
      ...{ pathParams: { id: '7' }, queryParams: { limit: '1', tag: ['a', 'b'] } },
      ...{ headers: { 'x-pet': 'Rex' }, rawBody: '' },
    },
  ])
})

test('When a request continues a trace, then the step runs in it, and the response names it', async () => {
  const seen: string[] = []
  const app = express()
  const runApi = async (_step: Step, _input: ApiRequest, traceId: string) => {
    seen.push(traceId)
    return { status: 204, body: undefined }
  }
  app.get('/:id', answerBy({ runApi }, step))
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  const { headers } = await request(app).get('/1').set('traceparent', `00-${trace}-00f067aa0ba902b7-01`)
  expect(headers['x-trace-id']).toBe(trace)
  const { headers: others } = await request(app).get('/1')
  expect(seen).toEqual([trace, others['x-trace-id']])
})

test('When the step returns an object, then it is sent as JSON, with the status and headers of the step', async () => {
  const url = await responding({ status: 201, headers: { 'X-Pet': 'Rex' }, body: { name: 'Zoë' } })
  const { headers, text } = await request(url).get('/1').expect(201, { name: 'Zoë' })
  expect(headers).toMatchObject({
    'x-pet': 'Rex',
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
  })
})

test('When the step sets a content type of its own, then that is kept', async () => {
  const url = await responding({ status: 200, headers: { 'Content-Type': 'application/problem+json' }, body: {} })
  await request(url).get('/1').expect('Content-Type', 'application/problem+json')
})

test.each([
  ['a text', 'Rex', undefined, 'text/html; charset=utf-8'],
  ['a text', 'Rex', 'text/csv', 'text/csv; charset=utf-8'],
  ['a text', 'Rex', 'text/csv; charset=us-ascii', 'text/csv; charset=us-ascii'],
  ['a buffer', Buffer.from('Rex'), undefined, 'application/octet-stream'],
  ['a buffer', Buffer.from('Rex'), 'image/png', 'image/png'],
])(
  'When the body is %s, %j, and the step sets the content type %s, then it is sent as %s',
  async (_, body, type, sent) => {
    const url = await responding({
      status: 200,
      body,
      ...(type !== undefined && { headers: { 'Content-Type': type } }),
    })
    const { headers } = await fetch(`${url}/1`)
    expect(Object.fromEntries(headers)).toMatchObject({ 'content-type': sent, 'content-length': '3' })
  },
)

test.each([
  ['a text', 'Rex', 'Rex'],
  ['a buffer', Buffer.from('Rex'), 'Rex'],
  ['null', null, 'null'],
  ['nothing', undefined, ''],
  ['a number', 7, '7'],
  ['an empty list', [], '[]'],
])('When the body is %s, then %j is sent as %j', async (_, body, text) => {
  const response = await fetch(`${await responding({ status: 200, body })}/1`)
  expect(await response.text()).toBe(text)
})

describe('the ETag', () => {
  const rex = { name: 'Rex' }
  const tag = etagOf(JSON.stringify(rex))

  test.each([200, 201])('When an object is sent with %i, then its tag is that of its JSON', async (status) => {
    await request(await responding({ status, body: rex }))
      .get('/1')
      .expect('ETag', tag)
  })

  test.each([
    [{ status: 202, body: rex }],
    [{ status: 404, body: rex }],
    [{ status: 200, body: [rex] }],
    [{ status: 200, body: null }],
    [{ status: 204, body: undefined }],
  ])('When the response is %j, then it has none', async (response) => {
    const { headers } = await fetch(`${await responding(response)}/1`)
    expect(headers.has('ETag')).toBe(false)
  })

  test.each([tag, `W/${tag}`, `"x", ${tag}`, '*'])(
    'When If-None-Match is %s, then it responds 304 without a body, with the headers of the step',
    async (header) => {
      const url = await responding({ status: 200, headers: { 'X-Pet': 'Rex' }, body: rex })
      const response = await request(url).get('/1').set('If-None-Match', header).expect(304).expect('ETag', tag)
      expect(response.text).toBe('')
      expect(response.headers).toMatchObject({ 'x-pet': 'Rex' })
      expect(response.headers).not.toHaveProperty('content-type')
      expect(response.headers).not.toHaveProperty('content-length')
      await request(url).head('/1').set('If-None-Match', header).expect(304)
    },
  )

  test('When If-None-Match names another tag, then the object is sent', async () => {
    const url = await responding({ status: 200, body: rex })
    await request(url).get('/1').set('If-None-Match', '"x"').expect(200, rex)
  })

  test('When the response is an error, then it is sent whatever If-None-Match says', async () => {
    const url = await responding({ status: 404, body: rex })
    await request(url).get('/1').set('If-None-Match', '*').expect(404, rex)
  })

  test('When the step sets a tag of its own, then that is kept and compared', async () => {
    const url = await responding({ status: 200, headers: { ETag: '"mine"' }, body: rex })
    await request(url).get('/1').set('If-None-Match', tag).expect(200).expect('ETag', '"mine"')
    await request(url).get('/1').set('If-None-Match', '"mine"').expect(304)
  })
})

/** Longer than what goes out in one part. */
const long = Array.from({ length: 10_001 }, (_, id) => ({ id, name: 'Zoë' }))

test('When the list is long, then it is sent in parts, and has the JSON of the whole', async () => {
  const response = await fetch(`${await responding({ status: 200, body: long })}/1`)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'transfer-encoding': 'chunked',
  })
  expect(await response.text()).toBe(JSON.stringify(long))
})

test.each([1_999, 2_000, 2_001, 4_000])('When the list has %i elements, then its JSON is whole', async (length) => {
  const response = await fetch(`${await responding({ status: 200, body: long.slice(0, length) })}/1`)
  expect(await response.text()).toBe(JSON.stringify(long.slice(0, length)))
})

test('When a long list is requested with HEAD, then no body is sent', async () => {
  const response = await fetch(`${await responding({ status: 200, body: long })}/1`, { method: 'HEAD' })
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(await response.text()).toBe('')
})

test('When an element of a long list is not JSON, then the response is cut off, and the error is reported', async () => {
  const errors: unknown[] = []
  const app = express()
  const list = [...Array(5_000).fill(1), 10n]
  app.get('/', answerBy({ runApi: async () => ({ status: 200, body: list }) }, step))
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    errors.push(error)
    response.destroy()
  })
  await expect(request(app).get('/')).rejects.toThrow('aborted')
  expect(errors).toEqual([expect.any(TypeError)])
})

test('When a long list is sent, then other requests are served in between', async () => {
  let turns = 0
  const url = await responding({ status: 200, body: Array(50_000).fill(long[0]) })
  const count = () => {
    turns += 1
    timer = setImmediate(count)
  }
  let timer = setImmediate(count)
  const response = await fetch(`${url}/1`)
  const before = turns
  await response.text()
  clearImmediate(timer)
  expect(turns - before).toBeGreaterThan(10)
})

test('When a client leaves in the middle of a long list, then the rest is not generated, and the server goes on', async () => {
  let made = 0
  const name = 'x'.repeat(1_000)
  const element = {
    toJSON: () => {
      made += 1
      return name
    },
  }
  const length = 200_000
  const url = await responding({ status: 200, body: Array(length).fill(element) })
  await new Promise<void>((resolve) => {
    httpRequest(`${url}/1`, (response) => {
      response.once('data', () => {
        response.destroy()
        resolve()
      })
    }).end()
  })
  let before = -1
  await waitFor(
    () => {
      const isStill = made === before
      before = made
      return isStill
    },
    { interval: 100 },
  )
  expect(made).toBeLessThan(length / 2)
  await request(url).head('/1').expect(200)
})

test('When the runner rejects, then the error goes to the next handler', async () => {
  const app = express()
  const error = new Error('no')
  app.get('/:id', answerBy({ runApi: () => Promise.reject(error) }, step))
  const seen: unknown[] = []
  const noteError: express.ErrorRequestHandler = (caught, _request, response, _next) => {
    seen.push(caught)
    response.status(500).end()
  }
  app.use(noteError)
  await request(app).get('/1').expect(500)
  expect(seen).toEqual([error])
})
