import type { Redis } from 'ioredis'
import { FAIL_FAST, watchConnection } from 'motia-runtime'

/** How long Redis may be silent before the connection is replaced, in ms. */
const SILENCE_MS = 10_000

/** A connection to Redis that a whole process shares. It does not wait for a Redis that is down. */
export interface SharedRedis {
  /** Runs commands. Rejects at once if Redis is down, and within seconds if it does not reply. */
  run<T>(commands: (redis: Redis) => Promise<T>): Promise<T>
}

interface Connection extends SharedRedis {
  close(): Promise<void>
}

/**
 * In the global object, because hot reload loads this module again, and the steps and the server have separate bundles.
 */
const REGISTRY = Symbol.for('motia-pet-store.redis-connections')
const holder: typeof globalThis & { [REGISTRY]?: Map<string, Connection> } = globalThis
holder[REGISTRY] ??= new Map()
const connections = holder[REGISTRY]

/** Returns the connection to the Redis at that URL, which is opened on first use. */
export const sharedRedis = (url: string): SharedRedis => {
  const known = connections.get(url)
  if (known) return known
  let opened: Promise<Redis> | undefined
  const connection: Connection = {
    run: async (commands) => {
      opened ??= open(url)
      return commands(await opened)
    },
    close: async () => (await opened)?.disconnect(),
  }
  connections.set(url, connection)
  return connection
}

/** Closes every connection of this process. */
export const closeSharedRedis = async (): Promise<void> => {
  const all = [...connections.values()]
  connections.clear()
  await Promise.all(all.map((connection) => connection.close()))
}

const open = async (url: string): Promise<Redis> => {
  // Imported here, because most servers use no Redis and need not load its client.
  const { Redis } = await import('ioredis')
  const redis = new Redis(url, { ...FAIL_FAST, connectionName: 'pet-store-pets', lazyConnect: true })
  watchConnection(redis, SILENCE_MS)
  // The first commands wait for the first attempt, and fail if it fails.
  await redis.connect().catch(() => {})
  return redis
}
