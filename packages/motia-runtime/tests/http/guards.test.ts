import { createServer } from 'node:http'
import express from 'express'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { type Authenticate, authenticateBy } from '../../src/http/api-keys'
import { guardSockets, type OriginRules, refuseForeigners } from '../../src/http/guards'
import { head, listen, open, takeWebSockets } from './listen'

const appWith = (rules: OriginRules) =>
  express()
    .use(refuseForeigners(rules))
    .use((_request, response) => void response.json({ hello: 'world' }))

/** Sends a POST with these headers; returns the status. */
const post = async (rules: OriginRules, headers: Record<string, string>): Promise<number> =>
  (await request(appWith(rules)).post('/js/pets').set(headers)).status

const ANY: OriginRules = { allowedHosts: null }
const OWN: OriginRules = { allowedHosts: ['Shop.example', '*.dev.example'] }
const FRIENDLY: OriginRules = { ...OWN, allowedOrigins: ['http://localhost:5173'] }
const PROXIED: OriginRules = { allowedHosts: null, trustProxy: true }

describe('When a request comes from a page', () => {
  test.each<[string, OriginRules, Record<string, string>]>([
    ['of another site', ANY, { 'Sec-Fetch-Site': 'cross-site', Host: 'shop.example' }],
    ['of another name of the same site', ANY, { 'Sec-Fetch-Site': 'same-site', Host: 'shop.example' }],
    ['of a form on another site', ANY, { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' }],
    [
      'of another origin, over plain HTTP, where browsers tell no more',
      ANY,
      { Host: 'shop.example', Origin: 'http://evil.test' },
    ],
    ['of another port, over plain HTTP', ANY, { Host: 'shop.example:3000', Origin: 'http://shop.example' }],
    ['of an origin that is hidden', ANY, { Host: 'shop.example', Origin: 'null' }],
    [
      'of another origin, with a forwarded host that nobody trusts',
      ANY,
      { Host: 'shop.example', Origin: 'http://evil.test', 'X-Forwarded-Host': 'evil.test' },
    ],
    [
      'of another origin than the proxy was asked for',
      PROXIED,
      { Host: '10.0.0.1:3000', Origin: 'http://evil.test', 'X-Forwarded-Host': 'shop.example' },
    ],
    [
      'that reached us by a name that is not ours',
      OWN,
      { Host: 'rebound.evil.test', Origin: 'http://rebound.evil.test', 'Sec-Fetch-Site': 'same-origin' },
    ],
    ['that reached us by a name that ends like ours', OWN, { Host: 'evil-shop.example' }],
    ['that reached us by the bare name of a pattern', OWN, { Host: 'dev.example' }],
    ['of an origin that is not allowed', FRIENDLY, { Host: 'shop.example', Origin: 'http://localhost:5174' }],
    [
      'of an allowed origin, by a name that is not ours',
      FRIENDLY,
      { Host: 'rebound.evil.test', Origin: 'http://localhost:5173' },
    ],
    ['that reached us by no name', OWN, { Host: '' }],
    ['that reached us by what is no name', OWN, { Host: 'a b' }],
  ])('%s, then it is refused', async (_, rules, headers) => {
    expect(await post(rules, headers)).toBe(403)
  })

  test.each<[string, OriginRules, Record<string, string>]>([
    [
      'of the server itself',
      ANY,
      { Host: 'shop.example', 'Sec-Fetch-Site': 'same-origin', Origin: 'https://shop.example' },
    ],
    ['of the server itself, over plain HTTP', ANY, { Host: 'shop.example:3000', Origin: 'http://shop.example:3000' }],
    [
      'of the server itself, whose proxy names the port',
      ANY,
      { Host: 'shop.example:443', Origin: 'https://shop.example' },
    ],
    ['of the server itself, in capital letters', ANY, { Host: 'Shop.Example', Origin: 'http://shop.example' }],
    [
      'of a proxy that passes on how it was asked',
      PROXIED,
      { Host: '10.0.0.1:3000', Origin: 'http://shop.example', 'X-Forwarded-Host': 'shop.example, inner' },
    ],
    [
      'of a development proxy that changes the host, as Vite with changeOrigin does',
      OWN,
      { Host: 'localhost:3000', Origin: 'http://localhost:5173', 'Sec-Fetch-Site': 'same-origin' },
    ],
    [
      'of an allowed origin',
      FRIENDLY,
      { Host: 'localhost:3000', 'Sec-Fetch-Site': 'same-site', Origin: 'http://localhost:5173' },
    ],
    ['that somebody opened by hand', ANY, { 'Sec-Fetch-Site': 'none' }],
    ['by localhost', OWN, { Host: 'localhost:3000' }],
    ['by a name below localhost', OWN, { Host: 'pets.localhost:3000', Origin: 'http://pets.localhost:3000' }],
    ['by an address', OWN, { Host: '192.0.2.7:3000' }],
    ['by an IPv6 address', OWN, { Host: '[::1]:3000', Origin: 'http://[::1]:3000' }],
    ['by a name of ours', OWN, { Host: 'shop.example' }],
    ['by a name of our pattern', OWN, { Host: 'a.b.dev.example:8080' }],
  ])('%s, then it is answered', async (_, rules, headers) => {
    expect(await post(rules, headers)).toBe(200)
  })

  test('by a link on another site that somebody followed, then it gets a response, but not as a HEAD or POST', async () => {
    const headers = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' }
    await request(appWith(ANY)).get('/').set(headers).expect(200)
    await request(appWith(ANY)).head('/').set(headers).expect(403)
    await request(appWith(ANY))
      .get('/')
      .set({ ...headers, 'Sec-Fetch-Mode': 'no-cors' })
      .expect(403)
  })
})

/** Returns a function that asks a server for a WebSocket, and returns the status. */
const socketServer = async (authenticate?: Authenticate) => {
  const server = createServer(appWith(OWN))
  takeWebSockets(server)
  guardSockets(server, OWN, authenticate)
  const port = await listen(server)
  return async (headers: Record<string, string>): Promise<string> => {
    const { socket, received } = await open(port)
    const websocket = { Connection: 'Upgrade', Upgrade: 'WebSocket', 'Sec-WebSocket-Version': '13' }
    socket.write(head('GET /', { ...websocket, 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers }))
    await expect.poll(received).toMatch(/^HTTP\/1\.1 \d/)
    socket.destroy()
    return received().slice(9, 12)
  }
}

test('When a page of another origin asks for a WebSocket, then it gets none, and a page of the server gets one', async () => {
  const upgrade = await socketServer()
  expect(await upgrade({ Origin: 'http://localhost' })).toBe('101')
  expect(await upgrade({})).toBe('101')
  expect(await upgrade({ Origin: 'http://evil.test' })).toBe('403')
  expect(await upgrade({ Host: 'rebound.evil.test' })).toBe('403')
  expect(await upgrade({ 'Sec-Fetch-Site': 'cross-site' })).toBe('403')
})

test('When keys are in use, then a WebSocket needs one, and a page of another origin gets none with it', async () => {
  const secret = 'a-secret-of-some-length'
  const upgrade = await socketServer(authenticateBy([{ name: 'alice', secret }]))
  const Authorization = `Basic ${Buffer.from(`alice:${secret}`).toString('base64')}`
  expect(await upgrade({ Authorization })).toBe('101')
  expect(await upgrade({})).toBe('401')
  expect(await upgrade({ Authorization: 'Basic YWxpY2U6eA==' })).toBe('401')
  expect(await upgrade({ Authorization, Origin: 'http://evil.test' })).toBe('403')
})
