import express from 'express'
import request from 'supertest'
import { expect, test } from 'vitest'
import { allowOrigins } from '../../src/http/cors'

const FRIEND = 'http://localhost:5173'

/** Responds with `{}` to every method. */
const app = express()
  .use(
    allowOrigins([FRIEND, 'https://shop.example'], ({ url }, response, next) => {
      if (url === '/js/pets') response.setHeader('Allow', 'GET, HEAD, POST')
      next()
    }),
  )
  .use((_request, response) => void response.json({}))

const corsHeaders = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')))

test('When a page of an allowed origin sends a request, then it may read the response and its headers', async () => {
  const { headers } = await request(app).get('/js/pets').set('Origin', FRIEND).expect(200, {})
  expect(corsHeaders(headers)).toEqual({
    'access-control-allow-origin': FRIEND,
    'access-control-expose-headers': '*',
  })
  expect(headers.vary).toBe('Origin')
})

test.each([
  ['/js/pets', 'GET, HEAD, POST'],
  ['/nothing', 'GET, HEAD'],
])('When it sends a preflight for %s, then the response names the methods %s', async (path, methods) => {
  const preflight = { Origin: FRIEND, 'Access-Control-Request-Method': 'POST' }
  const { headers } = await request(app).options(path).set(preflight).expect(204)
  expect(corsHeaders(headers)).toEqual({
    'access-control-allow-origin': FRIEND,
    'access-control-expose-headers': '*',
    'access-control-allow-methods': methods,
    'access-control-allow-headers': '*, Authorization',
    'access-control-max-age': '600',
  })
})

test('When an OPTIONS request is not a preflight, then it goes on to the next handler', async () => {
  await request(app).options('/js/pets').set('Origin', FRIEND).expect(200, {})
  await request(app).options('/js/pets').set('Access-Control-Request-Method', 'POST').expect(200, {})
})

test.each(['http://localhost:5174', 'https://localhost:5173', 'http://localhost:5173.evil.test', 'null'])(
  'When a page of %s sends a request, then nothing is allowed',
  async (origin) => {
    const preflight = { Origin: origin, 'Access-Control-Request-Method': 'POST' }
    for (const { headers } of [
      await request(app).get('/js/pets').set('Origin', origin),
      await request(app).options('/js/pets').set(preflight),
    ]) {
      expect(corsHeaders(headers)).toEqual({})
      expect(headers.vary).toBe('Origin')
    }
  },
)
