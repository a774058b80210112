import type { Redis, RedisOptions } from 'ioredis'
import { corkTurns } from './cork-turns'
import { giveUpSilent } from './give-up-silent'

/**
 * Options of a connection that never makes its users wait for Redis: while it is away a command rejects at once, and while it
 * does not reply after 5 s. No command that Redis may have carried out is sent twice.
 */
export const FAIL_FAST: RedisOptions = {
  connectTimeout: 3_000,
  commandTimeout: 5_000,
  retryStrategy: (attempt) => Math.min(attempt * 50, 500),
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
}

/** Prepares a connection for lasting use: few system calls, no error events, and a new one if Redis is silent for `silenceMs`. */
export const tendConnection = (redis: Redis, silenceMs: number): void => {
  // Every failed attempt to connect is an error event; the commands that fail tell their callers.
  redis.on('error', () => {})
  redis.on('connect', () => corkTurns(redis.stream))
  giveUpSilent(redis, silenceMs)
}
