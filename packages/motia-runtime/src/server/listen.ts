import { once } from 'node:events'
import type { Server } from 'node:http'
import { errorCode } from '../errors'

/** Resolves once the server listens. Rejects with a one-line error if it cannot. */
export const listen = async (server: Server, { port, host }: { port: number; host: string }): Promise<void> => {
  // Motia's listener would print the stack of an error that this prints in one line.
  const listeners = server.rawListeners('error')
  server.removeAllListeners('error')
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new Error(listenProblem(error, host, port), { cause: error })
  } finally {
    for (const listener of listeners) server.on('error', (error) => Reflect.apply(listener, server, [error]))
  }
}

const listenProblem = (error: unknown, host: string, port: number): string => {
  const code = errorCode(error)
  if (code === 'EADDRINUSE') return `Port ${port} on ${host} is taken: stop the server that uses it, or set PORT`
  if (code === 'EACCES') return `This user may not use port ${port}: set PORT to 1024 or more`
  if (['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'EINVAL'].includes(code)) {
    return `HOST ${host} is not an address of this machine (${code})`
  }
  return `Cannot listen on ${host}:${port} (${code})`
}
