import { once } from 'node:events'
import { createServer } from 'node:http'
import express from 'express'
import { expect, test } from 'vitest'
import { hardenServer } from '../../src/http/harden'
import { head, listen, open } from './listen'

const app = express()
  .use(express.text({ type: () => true }))
  .use(({ url }, response) => void response.json({ url }))

const LIMITS = { headersTimeout: 15, requestTimeout: 30 }

test.each([
  ['headers', { headersTimeout: 1 }, 'GET / HTTP/1.1\r\nHost: '],
  ['body', { requestTimeout: 1, headersTimeout: 0.5 }, `${head('POST /', { 'Content-Length': '5' })}123`],
])(
  'When a client does not finish its %s in time, then it gets a 408 within a second or two',
  async (_, limits, text) => {
    const server = createServer(app)
    hardenServer(server, { ...LIMITS, ...limits })
    const { socket, received } = await open(await listen(server))
    const began = performance.now()
    socket.write(text)
    await once(socket, 'close')
    const took = performance.now() - began
    expect(received()).toMatch(/^HTTP\/1\.1 408 /)
    expect(took).toBeGreaterThan(900)
    expect(took).toBeLessThan(3_500)
  },
)

test('When a client is within its limits, then it is served', async () => {
  const server = createServer(app)
  hardenServer(server, LIMITS)
  const { socket, received } = await open(await listen(server))
  socket.write(head('GET /pets'))
  await expect.poll(received).toContain('{"url":"/pets"}')
})

test.each([
  ['http://localhost/pets?a=1', '/pets?a=1'],
  ['*', '/*'],
])('When a request is for the target %s, then the app sees %s', async (target, url) => {
  const server = createServer(app)
  hardenServer(server, LIMITS)
  const { socket, received } = await open(await listen(server))
  socket.write(head(`OPTIONS ${target}`))
  await expect.poll(received).toContain(`{"url":"${url}"}`)
})
