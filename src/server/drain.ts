import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'

/** How long idle keep-alive connections may still bring a request after the server has begun to stop, in ms. */
const LINGER_MS = 300

/**
 * Answers the function that stops a server without resetting anybody: no new connections, requests that are under way or
 * still arrive on open connections are answered with `Connection: close`, then idle connections are closed.
 */
export const prepareDrain = (server: Server): (() => Promise<void>) => {
  const active = new Set<ServerResponse>()
  let isDraining = false
  server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
    if (isDraining) response.setHeader('Connection', 'close')
    active.add(response)
    response.once('close', () => active.delete(response))
  })
  const upgraded = new Set<Duplex>()
  // Where nobody takes upgrades, a listener would turn them from plain requests into hanging ones.
  if (server.listenerCount('upgrade') > 0) {
    server.prependListener('upgrade', (_request: IncomingMessage, socket: Duplex) => {
      upgraded.add(socket)
      socket.once('close', () => upgraded.delete(socket))
    })
  }
  return () =>
    new Promise((resolve) => {
      isDraining = true
      for (const socket of upgraded) socket.destroy()
      for (const response of active) if (!response.headersSent) response.setHeader('Connection', 'close')
      const closeIdle = () => server.closeIdleConnections()
      const linger = setTimeout(() => {
        closeIdle()
        interval = setInterval(closeIdle, 50)
      }, LINGER_MS)
      let interval: NodeJS.Timeout | undefined
      // Node's http.Server.close would cut idle connections at once, and with them the requests that are on their way.
      NetServer.prototype.close.call(server, () => {
        clearTimeout(linger)
        clearInterval(interval)
        resolve()
      })
    })
}
