import type { Writable } from 'node:stream'
import type { Redis, RedisOptions } from 'ioredis'

/** How many pings in a row may get no reply before the connection is replaced. */
const PINGS = 3

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
export const watchConnection = (redis: Redis, silenceMs: number): void => {
  // Every failed attempt to connect is an error event. Commands that fail reject for their callers.
  redis.on('error', () => {})
  // ioredis listens for one error of each stream. TLS may have a second one, which would end the process.
  redis.on('connecting', () => setImmediate(() => redis.stream?.on('error', () => {})))
  redis.on('connect', () => corkTurns(redis.stream))
  disconnectIfSilent(redis, silenceMs)
}

/**
 * Makes a stream send everything written within one turn of the event loop by a single system call. With BullMQ, the
 * option `enableAutoPipelining` of ioredis costs more than it saves: it copies all of BullMQ's script definitions into
 * each pipeline.
 */
export const corkTurns = (stream: Writable): void => {
  const { write } = stream
  let isCorked = false
  stream.write = (...args: unknown[]): boolean => {
    if (!isCorked) {
      isCorked = true
      stream.cork()
      setImmediate(() => {
        isCorked = false
        stream.uncork()
      })
    }
    return Reflect.apply(write, stream, args)
  }
}

/**
 * Replaces a connection if Redis has not replied for about `ms`: its other end may be gone, and the kernel would wait
 * for a quarter of an hour. It counts pings instead of time, so that a process that was itself stopped keeps its
 * connection. The option `socketTimeout` of ioredis does not, and its timer may outlive the connection and destroy the
 * next one.
 */
export const disconnectIfSilent = (redis: Redis, ms: number): void => {
  redis.on('connect', () => {
    const { stream } = redis
    let unanswered = 0
    stream.on('data', () => {
      unanswered = 0
    })
    const giveUp = () => {
      if (unanswered >= PINGS) stream.destroy()
    }
    const timer = setInterval(() => {
      // Replies that came while the event loop was busy are read before the immediate runs.
      if (unanswered >= PINGS) setImmediate(giveUp)
      unanswered += 1
      redis.ping().catch(() => {})
    }, ms / PINGS).unref()
    stream.once('close', () => clearInterval(timer))
  })
}
