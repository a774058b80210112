import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Systems give ports from 32,768 on to connections, and to servers that accept any port. Those below 20,000 look like the
 * beginning of a time in ms.
 */
const [FIRST, LAST] = [20_000, 32_000]

/**
 * Returns a port that is free on 127.0.0.1, and that no other call returns, in any process, until this process ends: a test may
 * start a server there much later, or again.
 */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = randomInt(FIRST, LAST)
    if ((await reserve(port)) && (await isFree(port))) return port
  }
}

/** Takes the UDP port of that number, which keeps nobody from using the TCP port. Returns false if it is taken. */
const reserve = async (port: number): Promise<boolean> => {
  const socket = createSocket('udp4').unref()
  socket.bind({ port, address: '127.0.0.1', exclusive: true })
  return happens(once(socket, 'listening'))
}

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer().listen(port, '127.0.0.1')
  if (!(await happens(once(server, 'listening')))) return false
  await once(server.close(), 'close')
  return true
}

const happens = (event: Promise<unknown>): Promise<boolean> =>
  event.then(
    () => true,
    () => false,
  )
