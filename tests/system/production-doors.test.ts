import { once } from 'node:events'
import { connect } from 'node:net'
import { pathToFileURL } from 'node:url'
import request from 'supertest'
import { beforeAll, describe, expect, test } from 'vitest'
import { SECURITY_HEADERS } from '../../packages/motia-runtime/src/http/guards'
import { DOCS_FILES } from '../../packages/motia-runtime/src/openapi/docs-routes'
import { NAMESPACES } from '../../src/pets/pet'
import { MONACO_PATH } from '../../src/workbench/live'
import { ROOT, startServer, type TestServer } from '../support/server'
import { waitFor } from '../support/wait-for'

const preload = pathToFileURL(`${ROOT}/tests/support/preload/print-routes.mjs`).href

/** What may respond in production: the documented routes. */
const OPEN = new Set(
  NAMESPACES.flatMap((namespace) => [
    ...[`GET /${namespace}/pets`, `POST /${namespace}/pets`],
    ...['GET', 'PUT', 'DELETE'].map((method) => `${method} /${namespace}/pets/:id`),
  ]).concat(
    ['GET /health', 'GET /livez', 'GET /readyz', 'GET /openapi.json', 'GET /docs'],
    DOCS_FILES.map((file) => `GET /docs/${file}`),
  ),
)

/** Asks for an upgrade to a WebSocket. Returns the status line. */
const upgrade = async (port: number, path: string): Promise<string> => {
  const socket = connect(port, '127.0.0.1')
  socket.write(
    [
      `GET ${path} HTTP/1.1`,
      'Host: localhost',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      '\r\n',
    ].join('\r\n'),
  )
  const [chunk] = await once(socket, 'data')
  socket.destroy()
  return String(chunk).split('\r\n')[0] ?? ''
}

describe('in production', () => {
  let server: TestServer
  let routes: [string, string][]
  beforeAll(async () => {
    server = await startServer({ env: { NODE_OPTIONS: `--import ${preload}` } })
    const output = await server.printed(/ROUTES .*\n/)
    routes = JSON.parse(output.slice(output.lastIndexOf('ROUTES ') + 'ROUTES '.length))
  })

  test('Every documented route is registered', () => {
    const registered = routes.map(([method, path]) => `${method} ${path}`)
    for (const route of OPEN) expect(registered).toContain(route)
  })

  test('Of all the routes that are registered, every other one responds with 404', async () => {
    const closed = routes.filter(([method, path]) => !OPEN.has(`${method} ${path}`))
    // Motia registers its own whatever we do; the test is void if it finds none.
    expect(closed.map(([, path]) => path)).toContain('/emit')
    for (const [method, path] of closed) {
      const url = `/${path.replace(/^\//, '').replaceAll(/:\w+\??|\*/g, '1')}`
      const answer = await request(server.url)[method.toLowerCase() as 'get'](url)
      expect({ method, url, status: answer.status, body: answer.body }).toEqual({
        ...{ method, url, status: 404 },
        body: method === 'HEAD' ? {} : { message: 'Not found' },
      })
    }
  })

  test('What Motia, its plugins and the Workbench serve elsewhere is a 404, by any spelling', async () => {
    const paths = [
      ...['/', '/index.html', '/emit', '/EMIT/', '//emit', '/emit?x=1', '/%65mit', '/__motia', '/__motia/flows'],
      ...['/__motia/flows/pets', '/__motia/flows/pets/config', '/__motia/step/x', '/__motia/state', '/__motia/streams'],
      ...['/__motia/bullmq/queues', '/__motia/trace', '/__motia/logs', '/@vite/client', '/src/pets/pets.ts', '/.env'],
      ...[
        '/steps/javascript/create-pet.step.ts',
        '/js/pets/../../emit',
        '/package.json',
        '/js',
        '/health/x',
        '/metrics',
      ],
      ...[`${MONACO_PATH}/vs/loader.js`, `/@fs${ROOT}/src/workbench/pets-page.tsx`],
    ]
    for (const path of paths) {
      for (const method of ['get', 'post', 'delete'] as const) {
        const { status, body } = await request(server.url)[method](path)
        expect({ method, path, status, body }).toEqual({ method, path, status: 404, body: { message: 'Not found' } })
      }
    }
  })

  test('No WebSocket is opened, on any path', async () => {
    for (const path of ['/', '/__motia/streams', '/socket', '/js/pets']) {
      const status = await upgrade(server.port, path)
      expect(status).toMatch(path === '/js/pets' ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 404 /)
    }
  })

  test('It listens on 127.0.0.1 alone', async () => {
    const socket = connect(server.port, '127.0.0.2')
    const [error] = await once(socket, 'error')
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('Every response, errors included, has the security headers, and pages of other sites are refused', async () => {
    const answers = await Promise.all([
      request(server.url).get('/js/pets'),
      request(server.url).get('/health'),
      request(server.url).get('/nothing'),
      request(server.url).post('/js/pets').set('Content-Type', 'application/json').send('{'),
      request(server.url).get('/js/pets').set('Sec-Fetch-Site', 'cross-site').set('Sec-Fetch-Mode', 'cors'),
      request(server.url).post('/js/pets').set('Host', 'shop.example').set('Origin', 'http://evil.example'),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 400, 403, 403])
    for (const { headers } of answers) {
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) expect(headers[name.toLowerCase()]).toBe(value)
      expect(Object.keys(headers).filter((name) => /^access-control-|^x-powered-by/.test(name))).toEqual([])
    }
  })

  test('When the target of a request is not a URL, then the response is the same 404 as for an unknown path', async () => {
    for (const target of ['http://[', 'http://x:99999999/js/pets', 'x', '*']) {
      const socket = connect(server.port, '127.0.0.1')
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk
      })
      socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
      await waitFor(() => socket.closed, { what: `the response to ${target}` })
      expect(text).toMatch(/^HTTP\/1\.1 (404|400) /)
      if (text.startsWith('HTTP/1.1 404')) expect(text).toMatch(/\r\n\r\n\{"message":"Not found"\}$/)
    }
  })
})
