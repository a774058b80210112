import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** Returns whether a request asks for a WebSocket. */
export const isWebSocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket'

/**
 * Serves a request that asks for another protocol as plain HTTP/1.1. Node passes every request with an `Upgrade`
 * header, and its connection, to the listeners for upgrades if there are any. So this puts the request back without
 * that header, before the unread bytes (`head`), and passes the connection to the server as a new one.
 */
export const serveAsPlainHttp = (server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void => {
  const { method, url, httpVersion, rawHeaders } = request
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name?.toLowerCase() !== 'upgrade') lines.push(`${name}: ${rawHeaders[index + 1]}`)
  }
  // Node reads headers as Latin-1.
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
  server.emit('connection', socket)
}

/**
 * Calls `intercept` with each request for an upgrade instead of the listeners that the server has. `next` calls those.
 */
export const interceptUpgrades = (
  server: Server,
  intercept: (request: IncomingMessage, socket: Duplex, head: Buffer, next: () => void) => void,
): void => {
  const listeners = server.listeners('upgrade')
  server.removeAllListeners('upgrade')
  server.on('upgrade', (...upgrade) =>
    intercept(...upgrade, () => {
      for (const listener of listeners) Reflect.apply(listener, server, upgrade)
    }),
  )
}
