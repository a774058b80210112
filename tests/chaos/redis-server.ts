import { type Child, startChild } from '../support/child'
import { freePort } from '../support/free-port'
import { makeTempDir } from '../support/temp-dir'

/** A Redis of a test's own, which forgets everything when it ends. */
export interface RedisServer {
  url: string
  port: number
  /** Sends a command by `redis-cli` and waits for its answer. */
  command: (...args: string[]) => Promise<string>
  /** Ends it at once (kill -9). */
  kill: () => Promise<void>
  /** Starts it again, empty, on the same port. */
  start: () => Promise<void>
  /** Lets it hang, or go on: it keeps its connections and answers nothing. */
  hang: () => void
  goOn: () => void
}

/** Starts a Redis on a free port. */
export const startRedis = async (): Promise<RedisServer> => {
  const port = await freePort()
  const directory = makeTempDir('pet-store-redis-')
  const run = async (): Promise<Child> => {
    const child = startChild(
      ['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', ''],
      { env: process.env },
    )
    await child.printed('Ready to accept connections')
    return child
  }
  let server = await run()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    command: async (...args) => {
      const cli = startChild(['redis-cli', '-p', String(port), ...args], { env: process.env })
      await cli.exited
      return cli.output().trim()
    },
    kill: async () => {
      await server.stop('SIGKILL')
    },
    start: async () => {
      server = await run()
    },
    hang: () => process.kill(server.pid, 'SIGSTOP'),
    goOn: () => process.kill(server.pid, 'SIGCONT'),
  }
}
