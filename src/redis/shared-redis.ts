import { Redis } from 'ioredis'
import { corkTurns } from './cork-turns'
import { giveUpSilent } from './give-up-silent'

/** How long Redis may take to answer, and to accept a connection, in ms. */
const ANSWER_TIMEOUT_MS = 5_000
const CONNECT_TIMEOUT_MS = 3_000

/** How long Redis may be silent before the connection is given up for a new one, in ms. */
const SILENCE_MS = 10_000

/** How long to wait before the next attempt to connect, in ms. */
const reconnectDelay = (attempt: number): number => Math.min(attempt * 50, 500)

/** A connection to Redis that all of a process shares, and that never makes anybody wait for a Redis that is away. */
export interface SharedRedis {
  /** Runs commands; rejects at once where Redis is away, and within seconds where it hangs. */
  run<T>(commands: (redis: Redis) => Promise<T>): Promise<T>
}

interface Connection extends SharedRedis {
  redis: Redis
}

/** In the global object: hot reload loads this module anew, and the steps are bundled apart from the server. */
const REGISTRY = Symbol.for('motia-pet-store.redis-connections')
const holder: typeof globalThis & { [REGISTRY]?: Map<string, Connection> } = globalThis

const connections = (): Map<string, Connection> => {
  holder[REGISTRY] ??= new Map()
  return holder[REGISTRY]
}

/** The connection to the Redis of that URL; made when it is first used. */
export const sharedRedis = (url: string): SharedRedis => {
  const known = connections().get(url)
  if (known) return known
  const redis = new Redis(url, {
    connectionName: 'pet-store-pets',
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: ANSWER_TIMEOUT_MS,
    retryStrategy: reconnectDelay,
    // A command that Redis may have carried out is never sent twice, and none waits for Redis to come back.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  })
  redis.on('connect', () => corkTurns(redis.stream))
  giveUpSilent(redis, SILENCE_MS)
  // Every failed attempt is an error event; the commands that fail tell their callers.
  redis.on('error', () => {})
  let firstAttempt: Promise<void> | undefined
  const connection: Connection = {
    redis,
    run: async (commands) => {
      if (redis.status !== 'ready') {
        firstAttempt ??= redis.connect().catch(() => {})
        await firstAttempt
      }
      return commands(redis)
    },
  }
  connections().set(url, connection)
  return connection
}

/** Closes every connection of this process. */
export const closeSharedRedis = async (): Promise<void> => {
  for (const { redis } of connections().values()) redis.disconnect()
  connections().clear()
}
