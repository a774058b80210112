import { once } from 'node:events'
import { connect } from 'node:net'
import request from 'supertest'
import { beforeAll, describe, expect, test } from 'vitest'
import { SECURITY_HEADERS } from '../../src/server/doors'
import { startServer, type TestServer } from '../support/server'

/** Motia's distance from the server's port to that of the page's hot-reload socket; below 65536 it is added. */
const HMR_OFFSET = 21_678

const hmrPortOf = (port: number): number => (port + HMR_OFFSET <= 65_535 ? port + HMR_OFFSET : port - HMR_OFFSET)

/** Asks for a WebSocket on a port; answers the status, 0 where the connection ends without one. */
const upgrade = async (port: number, headers: Record<string, string>, path = '/'): Promise<number> => {
  const socket = connect(port, '127.0.0.1')
  const lines = Object.entries({
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  const text = await Promise.race([once(socket, 'data').then(String), once(socket, 'close').then(() => '')])
  socket.destroy()
  return Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0)
}

describe('under npm run dev', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ mode: 'dev' })
  })

  const paths = ['/js/pets', '/emit', '/__motia', '/__motia/flows', '/', '/health']

  test.each([
    ['of another origin', { Origin: 'http://evil.example' }],
    ['of another port', { Origin: 'http://localhost:1' }],
    ['of an opaque origin', { Origin: 'null' }],
    ['that reached us by a name that is not ours', { Host: 'rebound.evil.example' }],
    ['that a browser calls cross-site', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' }],
    ['of a form on another site', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' }],
  ])('When a page %s sends a request, then it is refused and nothing happens', async (_, headers) => {
    const before = server.store()
    for (const path of paths) {
      const { status, body } = await request(server.url).post(path).set(headers).send({ name: 'Rex', species: 'dog' })
      expect({ path, status, body }).toEqual({
        path,
        status: 403,
        body: { message: 'Requests from other sites are refused' },
      })
    }
    expect(server.store()).toEqual(before)
  })

  test('When the page of the server itself, or a program, sends a request, then it is answered', async () => {
    for (const headers of [
      {},
      { Origin: server.url },
      { Host: `localhost:${server.port}`, 'Sec-Fetch-Site': 'same-origin' },
    ]) {
      await request(server.url).get('/js/pets').set(headers).expect(200)
    }
  })

  test('When a page of another origin asks for a WebSocket, then it gets none, hot reload included', async () => {
    const own = { Host: `127.0.0.1:${server.port}` }
    expect(await upgrade(server.port, { ...own, Origin: server.url })).toBe(101)
    expect(await upgrade(server.port, { ...own, Origin: 'http://evil.example' })).toBe(403)
    expect(await upgrade(server.port, { Host: 'rebound.evil.example' })).toBe(403)
    const hmrPort = hmrPortOf(server.port)
    const hmr = { Host: `127.0.0.1:${hmrPort}`, Origin: 'http://evil.example', 'Sec-WebSocket-Protocol': 'vite-hmr' }
    expect(await upgrade(hmrPort, hmr)).not.toBe(101)
  })

  test('Everything listens on 127.0.0.1 alone, the hot-reload socket included', async () => {
    for (const port of [server.port, hmrPortOf(server.port)]) {
      const open = connect(port, '127.0.0.1')
      await once(open, 'connect')
      open.destroy()
      const [error] = await once(connect(port, '127.0.0.2'), 'error')
      expect(error).toMatchObject({ code: 'ECONNREFUSED' })
    }
  })
})

test('In production every answer carries the security headers, errors too, and pages of other sites are refused', async () => {
  const server = await startServer()
  const answers = await Promise.all([
    request(server.url).get('/js/pets'),
    request(server.url).get('/health'),
    request(server.url).get('/nothing'),
    request(server.url).post('/js/pets').set('Content-Type', 'application/json').send('{'),
    request(server.url).get('/js/pets').set('Sec-Fetch-Site', 'cross-site').set('Sec-Fetch-Mode', 'cors'),
  ])
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 400, 403])
  for (const { headers } of answers) {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) expect(headers[name.toLowerCase()]).toBe(value)
    expect(Object.keys(headers).filter((name) => /^access-control-|^x-powered-by/.test(name))).toEqual([])
  }
})
