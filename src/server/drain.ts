import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'

/** How long idle keep-alive connections may still bring a request after the server has begun to stop, in ms. */
const LINGER_MS = 500

/** A turn of the event loop that is shorter has done next to nothing, in ms. */
const QUIET_TURN_MS = 0.2

/** How long such a turn is waited for, in ms. */
const KNOCK_MS = 500

/**
 * Answers the function that stops a server without resetting anybody. It goes on as before for `graceMs`, in which whoever
 * is in front of it notices, and each answer ends its connection, so that the pools of connections to it empty. Then:
 * no new connections, requests that are under way or still arrive on open connections are answered with `Connection: close`,
 * and idle connections are closed.
 */
export const prepareDrain = (server: Server, graceMs = 0): (() => Promise<void>) => {
  const active = new Set<ServerResponse>()
  let isLeaving = false
  server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
    if (isLeaving) response.setHeader('Connection', 'close')
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
  const leave = (): void => {
    isLeaving = true
    for (const response of active) if (!response.headersSent) response.setHeader('Connection', 'close')
  }
  return async () => {
    if (graceMs > 0) {
      leave()
      await sleep(graceMs)
    }
    for (const socket of upgraded) socket.destroy()
    await whenNobodyKnocks(server)
    const closed = new Promise<void>((resolve) => {
      // Node's http.Server.close would cut idle connections at once, and with them the requests that are on their way.
      NetServer.prototype.close.call(server, () => resolve())
    })
    // Without a grace not before: a client that is told to close its connection comes back with a new one.
    leave()
    await Promise.race([closed, sleep(LINGER_MS)])
    server.closeIdleConnections()
    const interval = setInterval(() => server.closeIdleConnections(), 50)
    await closed
    clearInterval(interval)
  }
}

/**
 * Resolves right after a turn of the event loop in which no connection came in. The kernel resets those that it has made
 * and that are not yet accepted when the listening socket closes, so it had better be a moment with none.
 */
const whenNobodyKnocks = async (server: Server): Promise<void> => {
  const deadline = performance.now() + KNOCK_MS
  let hasKnocked = false
  const note = () => {
    hasKnocked = true
  }
  server.on('connection', note)
  await nextTurn()
  for (;;) {
    const turnBegan = performance.now()
    hasKnocked = false
    await nextTurn()
    const now = performance.now()
    const isQuiet = !hasKnocked && now - turnBegan < QUIET_TURN_MS
    if (isQuiet || now > deadline) break
  }
  server.off('connection', note)
}
