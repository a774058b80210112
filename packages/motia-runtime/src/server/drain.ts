import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { isWebSocket } from '../http/upgrades'

/** How long the server still accepts requests on idle keep-alive connections while it stops, in ms. */
const LINGER_MS = 500

/** A turn of the event loop that is shorter than this has done almost nothing, in ms. */
const QUIET_TURN_MS = 0.2

/** How long to wait for such a turn, in ms. */
const QUIET_PATIENCE_MS = 500

/**
 * Returns a function that stops a server without resetting an accepted connection. For `graceMs`, or until `graceEnd`,
 * the server continues to serve, but each response closes its connection, so that a load balancer's pool empties. Then
 * it accepts no new connections, responds to all requests on open ones, and closes the idle ones.
 */
export const prepareDrain = (server: Server, graceMs = 0): ((graceEnd?: AbortSignal) => Promise<void>) => {
  const active = new Set<ServerResponse>()
  let isLeaving = false
  server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
    if (isLeaving) response.setHeader('Connection', 'close')
    active.add(response)
    response.once('close', () => active.delete(response))
  })
  const upgraded = new Set<Duplex>()
  // If nothing handles upgrades, a listener would make those requests hang.
  if (server.listenerCount('upgrade') > 0) {
    server.prependListener('upgrade', (request: IncomingMessage, socket: Duplex) => {
      if (!isWebSocket(request)) return
      upgraded.add(socket)
      socket.once('close', () => upgraded.delete(socket))
    })
  }
  const leave = (): void => {
    isLeaving = true
    for (const response of active) if (!response.headersSent) response.setHeader('Connection', 'close')
  }
  return async (graceEnd) => {
    if (graceMs > 0) {
      leave()
      await sleep(graceMs, undefined, { signal: graceEnd }).catch(() => {})
    }
    for (const socket of upgraded) socket.destroy()
    await whenNoneConnects(server)
    const closed = new Promise<void>((resolve) => {
      // Node's http.Server.close would cut idle connections at once, and lose requests that are still arriving on them.
      NetServer.prototype.close.call(server, () => resolve())
    })
    // Without a grace, only now: a client whose connection is closed would open a new one.
    leave()
    await Promise.race([closed, sleep(LINGER_MS)])
    server.closeIdleConnections()
    const interval = setInterval(() => server.closeIdleConnections(), 50)
    await closed
    clearInterval(interval)
  }
}

/**
 * Resolves after a turn of the event loop in which no connection arrived. Closing the listening socket resets
 * connections that the kernel has accepted and this process has not, so it should be closed when there are none.
 */
const whenNoneConnects = async (server: Server): Promise<void> => {
  const deadline = performance.now() + QUIET_PATIENCE_MS
  let hasConnected = false
  const note = () => {
    hasConnected = true
  }
  server.on('connection', note)
  await nextTurn()
  for (;;) {
    const turnBegan = performance.now()
    hasConnected = false
    await nextTurn()
    const now = performance.now()
    const isQuiet = !hasConnected && now - turnBegan < QUIET_TURN_MS
    if (isQuiet || now > deadline) break
  }
  server.off('connection', note)
}
