import { once } from 'node:events'
import { createServer } from 'node:net'

/** A port that is free on 127.0.0.1 at this moment. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('The system gave no port')
  return address.port
}
