import { Redis, type RedisOptions } from 'ioredis'
import { createClient, type RedisClientType } from 'redis'
import { corkTurns } from '../redis/cork-turns'
import { giveUpSilent } from '../redis/give-up-silent'
import { within } from '../runtime/within'
import type { Settings } from '../settings'
import { CLIENT_NAME, startPrivateRedis } from './private-redis'

/** What the names of all queues begin with, in `dev` and `start` alike. */
export const QUEUE_PREFIX = 'pets'

/** How long to wait before the next attempt to connect, in ms. */
const reconnectDelay = (attempt: number): number => Math.min(attempt * 100, 1_000)

/** How often a private Redis is tried at the start: for some 30 s. */
const FIRST_ATTEMPTS = 35

/** How long Redis may be silent before the connection of the queues is given up for a new one, in ms. */
const SILENCE_MS = 30_000

/** How long a Redis that takes the connection may take to answer at the start, in ms. */
const FIRST_ANSWER_MS = 10_000

/** Where Redis is. */
export interface RedisAddress {
  host: string
  port: number
}

/** This process's connections to Redis: `client` for Motia (node-redis), `queues` for BullMQ (ioredis). */
export interface RedisConnections {
  address: RedisAddress
  isPrivate: boolean
  client: RedisClientType
  queues: Redis
  /** Closes the connections, then the private Redis. */
  close(): Promise<void>
}

/** Connects to the Redis of `REDIS_URL`, or to a private one. Throws a one-line error where there is none. */
export const connectRedis = async (settings: Settings): Promise<RedisConnections> => {
  const own = settings.redisUrl ? null : await startPrivateRedis(settings.dataDir, settings.redisServer)
  const url = settings.redisUrl ?? `redis://127.0.0.1:${own?.port}`
  const { hostname, port } = new URL(url)
  const address = { host: hostname, port: Number(port || 6379) }

  const client: RedisClientType = createClient({
    url,
    RESP: 2,
    name: CLIENT_NAME,
    // While Redis is away a command fails at once; nothing of ours that must not be lost goes through this client.
    disableOfflineQueue: true,
    // A private Redis that a killed server has left may be about to end: the watch starts it again.
    socket: {
      reconnectStrategy: (attempt) =>
        isConnected || (own && attempt < FIRST_ATTEMPTS) ? reconnectDelay(attempt) : false,
    },
  })
  let isConnected = false
  // Every failed attempt is an error event; the queues' connection has said that Redis is away.
  client.on('error', () => {})
  try {
    await (own ? client.connect() : within(client.connect(), FIRST_ANSWER_MS, noAnswer))
  } catch (error) {
    if (client.isOpen) client.destroy()
    await own?.stop()
    throw new Error(
      `Redis at ${address.host}:${address.port} cannot be reached: ${reasonOf(error, url.startsWith('rediss:'))}`,
      { cause: error },
    )
  }
  isConnected = true

  const options: RedisOptions = {
    maxRetriesPerRequest: null,
    connectionName: CLIENT_NAME,
    retryStrategy: reconnectDelay,
  }
  const queues = new Redis(url, options)
  queues.on('connect', () => corkTurns(queues.stream))
  giveUpSilent(queues, SILENCE_MS)
  return {
    address,
    isPrivate: own !== null,
    client,
    queues,
    close: async () => {
      queues.disconnect()
      if (client.isReady) await client.close()
      else client.destroy()
      await own?.stop()
    },
  }
}

const noAnswer = (): Error =>
  new Error(`it takes the connection and does not answer within ${FIRST_ANSWER_MS / 1_000} s`)

/** A refused connection is an AggregateError whose message is empty. */
const reasonOf = (error: unknown, isTls: boolean): string => {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0], isTls)
  const message = error instanceof Error ? error.message : String(error)
  if (message.startsWith('NOAUTH')) return 'it wants a password, as in redis://:password@host:port'
  if (message.startsWith('WRONGPASS')) return 'it does not take the user and password of REDIS_URL'
  const isUnknownAuthority = /self-signed|unable to (verify|get)/.test(message)
  if (isTls && isUnknownAuthority) return `${message}; NODE_EXTRA_CA_CERTS names the file of its authority`
  if (isTls && message === 'Connection timeout') return `${message}; rediss:// needs a Redis that speaks TLS`
  if (!isTls && message.includes('ECONNRESET')) return `${message}; a Redis that speaks TLS needs rediss://`
  return message
}
