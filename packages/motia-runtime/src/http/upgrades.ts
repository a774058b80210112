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

/** Passes requests for WebSockets of these protocols to `listener` instead of the listeners that the server has. */
export const passSockets = (
  server: Server,
  protocols: readonly string[],
  listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => void,
): void => {
  const others = server.listeners('upgrade')
  server.removeAllListeners('upgrade')
  server.on('upgrade', (...upgrade) => {
    if (protocols.includes(upgrade[0].headers['sec-websocket-protocol'] ?? '')) listener(...upgrade)
    else for (const other of others) Reflect.apply(other, server, upgrade)
  })
}
