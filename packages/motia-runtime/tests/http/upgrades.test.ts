import { execFile } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import { promisify } from 'node:util'
import express from 'express'
import { describe, expect, test } from 'vitest'
import { guardSockets } from '../../src/http/guards'
import { head, listen, open, takeWebSockets } from './listen'

const run = promisify(execFile)

/** The headers that curl and Java's client send if they may choose HTTP/2. */
const H2C = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAoAAAAAIAAAAA' }

/** A server that responds with the request that it got. */
const newServer = (): Server =>
  createServer(
    express()
      .use(express.text({ type: () => true }))
      .use(
        ({ method, url, body, headers }, response) =>
          void response.json({ method, url, body, 'x-name': headers['x-name'] }),
      ),
  )

/** As in `npm run dev`: with sockets for the Workbench. */
const devServer = (): Server => {
  const server = newServer()
  takeWebSockets(server)
  guardSockets(server, { allowedHosts: [] })
  return server
}

describe.each([
  ['in development', devServer],
  ['in production', newServer],
])('When a client offers HTTP/2 (h2c) %s', (_, serve) => {
  test('then its request is served as HTTP/1.1, headers and all', async () => {
    const { socket, received } = await open(await listen(serve()))
    socket.write(head('GET /a?b=1', { ...H2C, 'X-Name': 'Zoë' }), 'latin1')
    await expect.poll(received).toContain('"method":"GET","url":"/a?b=1"')
    expect(received()).toMatch(/^HTTP\/1\.1 200 /)
    expect(received()).toContain(`"x-name":"${Buffer.from('Zoë').toString('latin1')}"`)
  })

  test('then a body that comes with it and after it is read', async () => {
    const { socket, received } = await open(await listen(serve()))
    socket.write(`${head('POST /', { ...H2C, 'Content-Length': '10' })}01234`)
    await new Promise((resolve) => setImmediate(resolve))
    socket.write('56789')
    await expect.poll(received).toContain('"body":"0123456789"')
  })

  test('then a body in chunks is read', async () => {
    const { socket, received } = await open(await listen(serve()))
    socket.write(`${head('PUT /', { ...H2C, 'Transfer-Encoding': 'chunked' })}3\r\nabc\r\n0\r\n\r\n`)
    await expect.poll(received).toContain('"method":"PUT","url":"/","body":"abc"')
  })

  test('then its connection serves more requests, whatever they offer', async () => {
    const { socket, received } = await open(await listen(serve()))
    for (let count = 1; count <= 30; count += 1) {
      socket.write(head(`GET /${count}`, count % 3 ? H2C : {}))
      await expect.poll(received, { interval: 5 }).toContain(`"url":"/${count}"`)
    }
    expect(received().match(/HTTP\/1\.1 200 /g)).toHaveLength(30)
  })

  test('then curl gets its response', async () => {
    const port = await listen(serve())
    const curl = ['--silent', '--show-error', '--http2', '--max-time', '5', `http://127.0.0.1:${port}/pets`]
    const { stdout } = await run('curl', [...curl, '--data', '{"name":"Rex"}'])
    expect(JSON.parse(stdout)).toMatchObject({ method: 'POST', body: '{"name":"Rex"}' })
  })
})

test('When requests follow one that offers HTTP/2 without waiting for its response, then they are served too', async () => {
  const { socket, received } = await open(await listen(devServer()))
  socket.write(head('GET /x', H2C) + head('GET /y') + head('GET /z'))
  await expect.poll(received).toContain('"url":"/z"')
  expect(received().match(/HTTP\/1\.1 200 /g)).toHaveLength(3)
})
