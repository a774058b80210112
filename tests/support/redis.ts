import { createClient } from 'redis'
import { type Child, startChild } from './child'
import { freePort } from './free-port'
import { makeTempDir } from './temp-dir'
import { waitFor } from './wait-for'

/** A redis-server for one test. */
export interface TestRedis {
  url: string
  port: number
  /** The current process. */
  pid(): number
  /** Sends one command over a separate connection. */
  command(...words: string[]): Promise<unknown>
  /** Stops it with SIGTERM. */
  stop(): Promise<void>
  /** Kills it (kill -9), as a crash would. Everything that it acknowledged is in its file. */
  kill(): Promise<void>
  /** Starts it again on the same port, with its data or empty. */
  start(options?: { empty?: boolean }): Promise<void>
  /** Stops it (it keeps its connections but does not reply), or lets it continue. */
  hang(): void
  goOn(): void
}

/** Starts a redis-server with an append-only file, or with the options given. It ends with the test file. */
export const startRedis = async (
  options: string[] = ['--appendonly', 'yes', '--appendfsync', 'everysec'],
  { port: givenPort }: { port?: number } = {},
): Promise<TestRedis> => {
  const port = givenPort ?? (await freePort())
  const url = `redis://127.0.0.1:${port}`
  const run = async (dir: string): Promise<Child> => {
    const files = ['--dir', dir, '--save', '']
    const command = ['redis-server', '--bind', '127.0.0.1', '--port', String(port), ...files, ...options]
    const child = startChild(command, { env: process.env })
    await child.printed('Ready to accept connections')
    return child
  }
  let dir = makeTempDir('pets-redis-')
  let child = await run(dir)
  return {
    url,
    port,
    pid: () => child.pid,
    command: (...words) => send(url, words),
    stop: async () => {
      await child.stop()
    },
    kill: async () => {
      await child.stop('SIGKILL')
    },
    start: async ({ empty = false } = {}) => {
      if (empty) dir = makeTempDir('pets-redis-')
      child = await run(dir)
    },
    hang: () => process.kill(child.pid, 'SIGSTOP'),
    goOn: () => process.kill(child.pid, 'SIGCONT'),
  }
}

const send = async (url: string, words: string[]): Promise<unknown> => {
  const client = createClient({ url })
  client.on('error', () => {})
  await waitFor(async () => (await client.connect()) && true, { what: 'Redis to take a connection' })
  try {
    return await client.sendCommand(words)
  } finally {
    client.destroy()
  }
}
