import type { Redis, RedisOptions } from 'ioredis'
import { corkTurns } from './cork-turns'
import { giveUpSilent } from './give-up-silent'

/**
 * Options of a connection that never waits long: a command rejects at once if Redis is down, and after 5 s if it does
 * not reply. No command that Redis may have executed is sent twice.
 */
export const FAIL_FAST: RedisOptions = {
  connectTimeout: 3_000,
  commandTimeout: 5_000,
  retryStrategy: (attempt) => Math.min(attempt * 50, 500),
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
}

/**
 * Prepares a connection for long use: few system calls, no error events, and a new connection if Redis is silent for
 * `silenceMs`.
 */
export const tendConnection = (redis: Redis, silenceMs: number): void => {
  // Every failed attempt to connect is an error event. Commands that fail reject for their callers.
  redis.on('error', () => {})
  redis.on('connect', () => corkTurns(redis.stream))
  giveUpSilent(redis, silenceMs)
}
