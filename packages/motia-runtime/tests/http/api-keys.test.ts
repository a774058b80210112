import express, { type Response } from 'express'
import request from 'supertest'
import { expect, test } from 'vitest'
import { authenticateBy, requireKey } from '../../src/http/api-keys'
import type { Request } from '../../src/http/handler'

const SECRETS = { alice: 'alice-secret-123456', bob: 'bob:secret, or so it seems' }
const keys = Object.entries(SECRETS).map(([name, secret]) => ({ name, secret }))

/** Responds with the caller, and with the headers that a step would see. */
const app = express()
  .use(requireKey(authenticateBy(keys)))
  .use(({ headers, caller }: Request, response: Response) => void response.json({ caller, headers }))

const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`

test.each([
  ['a bearer token', 'alice', { Authorization: `Bearer ${SECRETS.alice}` }],
  ['a scheme in other letters', 'alice', { Authorization: `bearer ${SECRETS.alice}` }],
  ['X-API-Key', 'bob', { 'X-API-Key': SECRETS.bob }],
  ['name and password, as browsers send them', 'bob', { Authorization: basic(`bob:${SECRETS.bob}`) }],
  ['two headers', 'alice', { 'X-API-Key': SECRETS.alice, Authorization: `Bearer ${SECRETS.alice}` }],
])(
  'When a key is sent as %s, then the request is served, and no later handler sees the key',
  async (_, caller, headers) => {
    const { body, text } = await request(app).get('/js/pets').set(headers).expect(200)
    expect(body.caller).toBe(caller)
    expect(Object.keys(body.headers)).not.toEqual(expect.arrayContaining(['authorization']))
    expect(text).not.toMatch(/secret/)
  },
)

test.each<[string, Record<string, string>]>([
  ['none', {}],
  ['an unknown one', { Authorization: 'Bearer alice-secret-12345' }],
  ['the name of one', { Authorization: 'Bearer alice' }],
  ['an empty one', { 'X-API-Key': '' }],
  ['no secret', { Authorization: basic('alice') }],
  ['an unknown one beside a known one', { 'X-API-Key': 'x', Authorization: `Bearer ${SECRETS.alice}` }],
  ['a known one by an unknown scheme', { Authorization: `Token ${SECRETS.alice}` }],
])('When the key is %s, then the response is a 401 that says how to send one', async (_, headers) => {
  const response = await request(app).post('/js/pets').set(headers).expect(401)
  expect(response.headers['www-authenticate']).toBe('Bearer realm="API keys"')
  expect(response.body).toEqual({
    message: 'An API key is required: send it as Authorization: Bearer or X-API-Key',
  })
})

test.each<[string, Record<string, string>]>([
  ['a person opens a page', { Accept: 'text/html,*/*' }],
  ['a page of the server sends a request', { 'Sec-Fetch-Site': 'same-origin' }],
])('When %s without a key, then the browser is told to ask for one', async (_, headers) => {
  const response = await request(app).get('/').set(headers).expect(401)
  expect(response.headers['www-authenticate']).toMatch(/^Basic /)
})

test('When the path is that of a probe, then it needs no key, and any other path does', async () => {
  for (const path of ['/livez', '/readyz']) await request(app).get(path).expect(200)
  for (const path of ['/health', '/metrics', '/docs', '/openapi.json', '/emit', '/livez/x', '/livez%2F..', '//livez'])
    await request(app).get(path).expect(401)
})
