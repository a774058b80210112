import { createClient } from 'redis'
import { type Child, startChild } from './child'
import { freePort } from './free-port'
import { makeTempDir } from './temp-dir'
import { waitFor } from './wait-for'

/** A Redis of a test's own, to be stopped and started. */
export interface TestRedis {
  port: number
  url: string
  /** Ends it at once, as a crash would; what it has acknowledged is on its disk. */
  kill(): Promise<void>
  /** Starts it again on the same port: with what it held, or empty. */
  start(options?: { empty?: boolean }): Promise<void>
}

/** Starts a Redis; it ends with the test file. */
export const startRedis = async (): Promise<TestRedis> => {
  const port = await freePort()
  let dir = makeTempDir()
  let child: Child | undefined
  const start = async ({ empty = false } = {}) => {
    if (empty) dir = makeTempDir()
    const files = ['--dir', dir, '--save', '', '--appendonly', 'yes', '--appendfsync', 'always']
    child = startChild(['redis-server', '--bind', '127.0.0.1', '--port', String(port), ...files], { env: process.env })
    const { output } = child
    await waitFor(() => answers(port), { what: 'redis-server to answer', seen: output })
  }
  await start()
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    kill: async () => {
      await child?.stop('SIGKILL')
    },
    start,
  }
}

const answers = async (port: number): Promise<boolean> => {
  const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: false } })
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.ping()) === 'PONG'
  } finally {
    client.destroy()
  }
}
