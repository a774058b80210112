import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'

/** How long idle keep-alive connections may still bring a request after the server has begun to stop, in ms. */
const LINGER_MS = 500

/** A turn of the event loop that is shorter has done next to nothing, in ms. */
const QUIET_TURN_MS = 0.2

/** How long such a turn is waited for, in ms. */
const KNOCK_MS = 500

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
      let linger: NodeJS.Timeout | undefined
      let interval: NodeJS.Timeout | undefined
      for (const socket of upgraded) socket.destroy()
      const closeIdle = () => server.closeIdleConnections()
      const close = () => {
        // Node's http.Server.close would cut idle connections at once, and with them the requests that are on their way.
        NetServer.prototype.close.call(server, () => {
          clearTimeout(linger)
          clearInterval(interval)
          resolve()
        })
        // Not before: a client that is told to close its connection comes back with a new one.
        isDraining = true
        for (const response of active) if (!response.headersSent) response.setHeader('Connection', 'close')
        linger = setTimeout(() => {
          closeIdle()
          interval = setInterval(closeIdle, 50)
        }, LINGER_MS)
      }
      whenNobodyKnocks(server, close)
    })
}

/**
 * Calls back right after a turn of the event loop in which no connection came in. The kernel resets those that it has made
 * and that are not yet accepted when the listening socket closes, so it had better be a moment with none.
 */
const whenNobodyKnocks = (server: Server, callback: () => void): void => {
  const deadline = performance.now() + KNOCK_MS
  let hasKnocked = true
  const note = () => {
    hasKnocked = true
  }
  server.on('connection', note)
  const look = (turnBegan: number): void => {
    const now = performance.now()
    const isQuiet = !hasKnocked && now - turnBegan < QUIET_TURN_MS
    hasKnocked = false
    if (!isQuiet && now < deadline) {
      setImmediate(look, now)
      return
    }
    server.off('connection', note)
    callback()
  }
  setImmediate(look, 0)
}
