import type { Redis } from 'ioredis'

/** How many pings in a row may stay without a reply. */
const PINGS = 3

/**
 * Replaces a connection if Redis has not replied for about `ms`: its other end may be gone, and the kernel would wait
 * for a quarter of an hour. It counts pings instead of time, so that a process that was itself stopped keeps its
 * connection. The option `socketTimeout` of ioredis does not, and its timer may outlive the connection and destroy the
 * next one.
 */
export const giveUpSilent = (redis: Redis, ms: number): void => {
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
