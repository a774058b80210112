import { once } from 'node:events'
import { connect } from 'node:net'
import request from 'supertest'
import { beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server'
import { waitFor } from '../support/wait-for'

/** Asks for a WebSocket on a port. Returns the status; 0 if the connection ends without one. */
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
    const { body: before } = await request(server.url).get('/js/pets').expect(200)
    for (const path of paths) {
      const { status, body } = await request(server.url).post(path).set(headers).send({ name: 'Rex', species: 'dog' })
      expect({ path, status, body }).toEqual({
        path,
        status: 403,
        body: { message: 'Requests from other sites are refused' },
      })
    }
    await request(server.url).get('/js/pets').expect(200, before)
  })

  test('When the page of the server itself, or a program, sends a request, then it gets a response', async () => {
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
    const hotReload = { ...own, 'Sec-WebSocket-Protocol': 'vite-hmr' }
    const client = await (await fetch(`${server.url}/@vite/client`)).text()
    const token = /wsToken = "(.+?)"/.exec(client)?.[1]
    expect(await upgrade(server.port, { ...hotReload, Origin: server.url }, `/?token=${token}`)).toBe(101)
    expect(await upgrade(server.port, { ...hotReload, Origin: 'http://evil.example' }, `/?token=${token}`)).toBe(403)
    expect(await upgrade(server.port, hotReload, `/?token=${token}`)).toBe(101)
    // A program that does not have the token of the page.
    expect(await upgrade(server.port, hotReload)).not.toBe(101)
  })

  test('When a client tries another address than 127.0.0.1, then nothing listens there', async () => {
    const open = connect(server.port, '127.0.0.1')
    await once(open, 'connect')
    open.destroy()
    const [error] = await once(connect(server.port, '127.0.0.2'), 'error')
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('When a path is unknown, then it is a JSON 404 as in production, unless a browser asks for a page', async () => {
    for (const path of ['/js/pet', '/js/pets/1/2', '/nothing']) {
      await request(server.url).get(path).expect(404, { message: 'Not found' })
      await request(server.url).get(path).set('Accept', 'application/json').expect(404, { message: 'Not found' })
      await request(server.url).post(path).set('Accept', 'text/html').expect(404, { message: 'Not found' })
    }
    const page = await request(server.url).get('/nothing').set('Accept', 'text/html,*/*;q=0.8').expect(200)
    expect(page.headers['content-type']).toMatch(/^text\/html/)
    expect((await request(server.url).get('/').expect(200)).headers['content-type']).toMatch(/^text\/html/)
  })

  test('When a page is open on its WebSocket, then the server still stops at once', async () => {
    const socket = connect(server.port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', () => {})
    const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
    const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\n${key}`
    socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n${upgrade}\r\n`)
    await waitFor(() => text.startsWith('HTTP/1.1 101'), { what: 'the WebSocket' })
    const exit = await server.stop()
    expect(exit.code).toBe(0)
    expect(exit.ms).toBeLessThan(8_000)
  })
})
