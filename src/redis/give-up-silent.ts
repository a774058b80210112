import type { Redis } from 'ioredis'

/** How often within the time that it may be silent a connection is asked for a sign of life. */
const PINGS = 3

/**
 * Gives a connection up for a new one when Redis has been silent for `ms`, although it was asked: its other end may be gone
 * without a word, and the kernel would wait for it for a quarter of an hour. Not by ioredis' `socketTimeout`, whose timer lives
 * on when Redis closes the connection, and then takes the next one down.
 */
export const giveUpSilent = (redis: Redis, ms: number): void => {
  redis.on('connect', () => {
    const { stream } = redis
    let heardAt = performance.now()
    stream.on('data', () => {
      heardAt = performance.now()
    })
    const timer = setInterval(() => {
      redis.ping().catch(() => {})
      // What came while the event loop was busy is heard first.
      setImmediate(() => {
        if (performance.now() - heardAt > ms) stream.destroy()
      })
    }, ms / PINGS).unref()
    stream.once('close', () => clearInterval(timer))
  })
}
