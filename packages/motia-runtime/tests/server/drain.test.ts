import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { waitFor } from '../../../../tests/support/wait-for'
import { prepareDrain } from '../../src/server/drain'

/** A server that responds when the test says so, and a client that keeps its connections. */
const setUp = async (graceMs = 0) => {
  const waiting: ServerResponse[] = []
  const server = createServer((_request, response) => void waiting.push(response))
  const drain = prepareDrain(server, graceMs)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => {
    agent.destroy()
    server.closeAllConnections()
    server.close()
  })
  const get = (): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      request({ port, agent }, (response) => response.resume().once('end', () => resolve(response)))
        .once('error', reject)
        .end()
    })
  const arrived = (count: number) => waitFor(() => waiting.length >= count, { what: `${count} requests` })
  const respond = () => {
    for (const response of waiting.splice(0)) response.end('done')
  }
  return { server, drain, get, arrived, respond }
}

describe('a drain', () => {
  test('When a request is under way, then it gets its response, which closes the connection, and no new one is accepted', async () => {
    const { drain, get, arrived, respond, server } = await setUp()
    const first = get()
    await arrived(1)

    const drained = drain()
    await waitFor(() => !server.listening, { what: 'the end of listening' })
    await expect(get()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    respond()

    expect((await first).headers.connection).toBe('close')
    await drained
  })

  test('When a request arrives on an open connection, then it is served', async () => {
    const { drain, get, arrived, respond, server } = await setUp()
    const first = get()
    await arrived(1)
    respond()
    await first

    const drained = drain()
    await waitFor(() => !server.listening)
    const second = get()
    await arrived(1)
    respond()

    expect((await second).statusCode).toBe(200)
    await drained
  })

  test('When connections are idle, then they are closed, and the drain ends', async () => {
    const { drain, get, arrived, respond, server } = await setUp()
    const first = get()
    await arrived(1)
    respond()
    await first
    await drain()
    const count = await new Promise((resolve) => server.getConnections((_, connections) => resolve(connections)))
    expect(count).toBe(0)
  })
})

describe('a grace', () => {
  test('When it has begun, then requests are served, and each response closes its connection', async () => {
    const { drain, get, arrived, respond, server } = await setUp(60_000)
    const end = new AbortController()
    const drained = drain(end.signal)
    for (let count = 0; count < 2; count++) {
      const response = get()
      await arrived(1)
      respond()
      expect((await response).headers.connection).toBe('close')
    }
    expect(server.listening).toBe(true)
    end.abort()
    await drained
  })
})
