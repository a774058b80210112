import { createClient } from 'redis'
import { type Child, startChild } from '../support/child'
import { freePort } from '../support/free-port'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'

/** A redis-server of a test's own. */
export interface TestRedis extends Child {
  url: string
  port: number
  /** Sends one command over a connection of its own. */
  command(...words: string[]): Promise<unknown>
  /** Starts it again on the same port and files, after it was stopped. */
  restart(): Promise<TestRedis>
}

/** Starts a redis-server with an append-only file, or with the options given. It ends with the test file. */
export const startRedis = async (
  options: string[] = ['--appendonly', 'yes', '--appendfsync', 'everysec'],
  { port, dir = makeTempDir('pets-redis-') }: { port?: number; dir?: string } = {},
): Promise<TestRedis> => {
  const ownPort = port ?? (await freePort())
  const child = startChild(
    ['redis-server', '--bind', '127.0.0.1', '--port', String(ownPort), '--dir', dir, '--save', '', ...options],
    { env: process.env },
  )
  await child.printed('Ready to accept connections')
  const url = `redis://127.0.0.1:${ownPort}`
  return {
    ...child,
    url,
    port: ownPort,
    command: (...words) => send(url, words),
    restart: () => startRedis(options, { port: ownPort, dir }),
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
