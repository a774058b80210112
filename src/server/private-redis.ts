import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, openSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { waitForLock } from 'fs-native-extensions'
import { createClient } from 'redis'
import { z } from 'zod'

/** How long a redis-server may take until it answers, in ms. A large append-only file takes its time. */
const START_TIMEOUT_MS = 30_000

/** How often a server that lost its Redis looks whether it is still there, in ms. */
const WATCH_INTERVAL_MS = 1_000

const noteSchema = z.object({ port: z.number(), pid: z.number() })

/** The Redis could not be started. The message is for a person, one line. */
export class PrivateRedisError extends Error {
  override readonly name = 'PrivateRedisError'
}

/** A Redis of this project's own, which lives beside the data that its queues belong to. */
export interface PrivateRedis {
  port: number
  /** Stops the Redis, unless another server still uses it. */
  stop(): Promise<void>
}

/** How a server shows itself in Redis, so that another one that shares the Redis is not left without. */
export const CLIENT_NAME = 'pet-store-server'

/**
 * Finds the Redis that an earlier or another server of this data folder left running, or starts one: on 127.0.0.1, on a
 * free port, with an append-only file in `<dataDir>/redis`. It is watched: should it die, it is started again on the same
 * port. Throws a `PrivateRedisError`.
 */
export const startPrivateRedis = async (dataDir: string, command: string): Promise<PrivateRedis> => {
  mkdirSync(join(dataDir, 'redis'), { recursive: true })
  // Redis tells its folder by the real path.
  const directory = realpathSync(join(dataDir, 'redis'))
  const port = await underLock(directory, () => findOrStart(directory, command))
  let isStopping = false
  const watch = async () => {
    let failure = ''
    while (!isStopping) {
      await sleep(WATCH_INTERVAL_MS, undefined, { ref: false })
      if (isStopping || (await servesFolder(port, directory))) continue
      try {
        await underLock(directory, () => findOrStart(directory, command, port))
        failure = ''
      } catch (error) {
        const { message } = error as Error
        if (message !== failure) console.error(`The private Redis could not be started again: ${message}`)
        failure = message
      }
    }
  }
  void watch()
  return {
    port,
    stop: async () => {
      isStopping = true
      await underLock(directory, () => stopUnlessShared(port))
    },
  }
}

const underLock = async <T>(directory: string, run: () => Promise<T>): Promise<T> => {
  const handle = await open(join(directory, 'start.lock'), 'a')
  try {
    await waitForLock(handle.fd)
    return await run()
  } finally {
    await handle.close()
  }
}

const noteFile = (directory: string): string => join(directory, 'redis.json')

const findOrStart = async (directory: string, command: string, wantedPort?: number): Promise<number> => {
  const left = readNote(directory)
  if (left && (await servesFolder(left.port, directory))) return left.port
  const port = wantedPort ?? (await freePort())
  const child = launch(directory, command, port)
  let exit: string | undefined
  child.once('error', (error) => {
    exit = error.message
  })
  child.once('exit', (code, signal) => {
    exit ??= `it ended with ${signal ?? `code ${code}`}, see ${join(directory, 'redis.log')}`
  })
  const deadline = Date.now() + START_TIMEOUT_MS
  while (!(await servesFolder(port, directory))) {
    if (exit !== undefined) throw new PrivateRedisError(`${command} does not start: ${exit}`)
    if (Date.now() > deadline) throw new PrivateRedisError(`${command} does not answer on port ${port}`)
    await sleep(20)
  }
  writeFileSync(noteFile(directory), `${JSON.stringify({ port, pid: child.pid })}\n`)
  return port
}

const readNote = (directory: string): z.infer<typeof noteSchema> | null => {
  try {
    return noteSchema.parse(JSON.parse(readFileSync(noteFile(directory), 'utf8')))
  } catch {
    return null
  }
}

/**
 * The Redis gets a session of its own, so that a Ctrl-C reaches the server first and its workers can close; on Linux the
 * kernel ends it with the server that started it, even after a kill -9.
 */
const launch = (directory: string, command: string, port: number): ChildProcess => {
  const log = openSync(join(directory, 'redis.log'), 'a')
  const redis = [
    ...[command, '--bind', '127.0.0.1', '--port', String(port), '--dir', directory],
    ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '', '--maxmemory-policy', 'noeviction'],
  ]
  const [file = command, ...args] = hasSetpriv() ? ['setpriv', '--pdeathsig', 'TERM', ...redis] : redis
  const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log] })
  child.unref()
  return child
}

const hasSetpriv = (): boolean => {
  if (process.platform !== 'linux') return false
  try {
    execFileSync('setpriv', ['--pdeathsig', 'TERM', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Whether a Redis on that port keeps its files in that folder: any other has nothing to do with this data. */
const servesFolder = (port: number, directory: string): Promise<boolean> =>
  withClient(port, async (client) => {
    const { dir } = await client.configGet('dir')
    return dir === directory
  }).catch(() => false)

const stopUnlessShared = async (port: number): Promise<void> => {
  await withClient(port, async (client) => {
    const clients = await client.clientList()
    if (clients.some(({ name }) => name === CLIENT_NAME)) return
    // Redis closes the connection instead of answering.
    await client.sendCommand(['SHUTDOWN']).catch(() => {})
  }).catch(() => {})
}

const withClient = async <T>(port: number, use: (client: ReturnType<typeof connectTo>) => Promise<T>): Promise<T> => {
  const client = connectTo(port)
  client.on('error', () => {})
  try {
    await client.connect()
    return await use(client)
  } finally {
    client.destroy()
  }
}

const connectTo = (port: number) =>
  createClient({ socket: { host: '127.0.0.1', port, connectTimeout: 1_000, reconnectStrategy: false } })

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
