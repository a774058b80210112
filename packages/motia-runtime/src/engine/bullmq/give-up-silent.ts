import type { Redis } from 'ioredis'

/** How many pings in a row may stay without a reply. */
const PINGS = 3

/**
 * Replaces a connection on which Redis has sent nothing for about `ms` although it was asked: its other end may have gone
 * without a word, and the kernel would wait a quarter of an hour for it. It counts pings and not time, so that a process
 * that was stopped itself does not blame the connection. The option `socketTimeout` of ioredis would, and its timer outlives
 * the connection and then destroys the next one.
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
      // What came while the event loop was busy is read before the immediate.
      if (unanswered >= PINGS) setImmediate(giveUp)
      unanswered += 1
      redis.ping().catch(() => {})
    }, ms / PINGS).unref()
    stream.once('close', () => clearInterval(timer))
  })
}
