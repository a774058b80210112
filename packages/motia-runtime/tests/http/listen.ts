import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach } from 'vitest'

const opened: Server[] = []

afterEach(() => {
  for (const server of opened.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** Lets a server listen until the test is over; returns its port. */
export const listen = async (server: Server): Promise<number> => {
  opened.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Opens a connection that collects the text it receives. */
export const open = async (port: number) => {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return { socket, received: () => text }
}

/** Returns the bytes of a request. */
export const head = (line: string, headers: Record<string, string> = {}): string =>
  `${[`${line} HTTP/1.1`, ...Object.entries({ Host: 'localhost', ...headers }).map((pair) => pair.join(': '))].join('\r\n')}\r\n\r\n`

/** Takes WebSockets on a server, and refuses other upgrades, as Motia's socket server does. */
export const takeWebSockets = (server: Server): void => {
  server.on('upgrade', ({ headers }, socket) => {
    const isWebSocket = headers.upgrade?.toLowerCase() === 'websocket'
    socket.write(`HTTP/1.1 ${isWebSocket ? '101 Switching Protocols' : '400 Bad Request'}\r\n\r\n`)
  })
}
