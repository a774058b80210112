import { Redis, type RedisOptions } from 'ioredis'
import { errorMessage } from '../../errors'
import { within } from '../../within'
import { FAIL_FAST, watchConnection } from './watch-connection'

/** How long the start waits for Redis, in ms. */
const FIRST_REPLY_MS = 10_000

/** How long Redis may be silent before a connection is replaced, in ms. BullMQ's scripts can be slow. */
const SILENCE_MS = 30_000

/** An engine's connections to Redis. */
export interface RedisConnections {
  /** For BullMQ: commands wait while Redis is down. */
  queues: Redis
  /** For everything else: commands fail while Redis is down. */
  commands: Redis
  close(): void
}

/**
 * Connects to Redis. Throws a one-line error, without the password, also if it would refuse to write keys with the
 * prefix.
 */
export const connectRedis = async (url: string, prefix: string): Promise<RedisConnections> => {
  const connectionName = `${prefix}-server`
  const queueOptions: RedisOptions = {
    maxRetriesPerRequest: null,
    retryStrategy: (attempt) => Math.min(attempt * 100, 1_000),
  }
  const commands = new Redis(url, { ...FAIL_FAST, connectionName })
  const queues = new Redis(url, { ...queueOptions, connectionName })
  const close = () => {
    for (const redis of [commands, queues]) redis.disconnect()
  }
  try {
    const ready = Promise.all([firstReady(commands), firstReady(queues)])
    const noReply = () => new Error(`connected, but no reply within ${FIRST_REPLY_MS / 1_000} s`)
    await within(ready, FIRST_REPLY_MS, noReply)
    await checkRights(commands, prefix)
  } catch (error) {
    close()
    const { hostname, port, protocol } = new URL(url)
    const reason = reasonOf(error, protocol === 'rediss:')
    throw new Error(`Redis at ${hostname}:${port || 6379} cannot be used: ${reason}`, { cause: error })
  }
  return { queues, commands, close }
}

const firstReady = (redis: Redis): Promise<void> => {
  const ready = new Promise<void>((resolve, reject) => {
    redis.once('ready', resolve)
    redis.once('error', reject)
  })
  watchConnection(redis, SILENCE_MS)
  return ready
}

/** Rejects if this is a replica, or if the user lacks a right. A full Redis is accepted: it can be read. */
const checkRights = async (redis: Redis, prefix: string): Promise<void> => {
  // BullMQ asks for the version of Redis. PERSIST is a write, but changes nothing and needs no memory.
  const checks = [redis.info('server'), redis.eval("return redis.call('PERSIST', KEYS[1])", 1, `${prefix}:app`)]
  for (const check of await Promise.allSettled(checks)) {
    if (check.status === 'rejected' && /READONLY|NOPERM/.test(errorMessage(check.reason))) throw check.reason
  }
}

const reasonOf = (error: unknown, isTls: boolean): string => {
  // If a name has several addresses, the common error has no message.
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0], isTls)
  const message = errorMessage(error)
  if (message.includes('NOAUTH')) return 'it needs a password, as in redis://:password@host:port'
  if (message.includes('WRONGPASS')) return 'it does not accept the user and password of REDIS_URL'
  if (message.includes('READONLY')) return 'it is a read-only replica: set REDIS_URL to its primary'
  if (message.includes('NOPERM')) return `${message}; its user needs the rights +@all -@dangerous +info`
  const isUnknownAuthority = /self-signed|unable to (verify|get)/.test(message)
  if (isTls && isUnknownAuthority) return `${message}; set NODE_EXTRA_CA_CERTS to the file of its certificate authority`
  if (isTls && message === 'connect ETIMEDOUT') return `${message}; this Redis may not speak TLS: try redis://`
  if (!isTls && message.includes('ECONNRESET')) return `${message}; this Redis may need TLS: try rediss://`
  return message
}
