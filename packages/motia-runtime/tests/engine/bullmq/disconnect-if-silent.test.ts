import { once } from 'node:events'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { startRedis } from '../../../../../tests/support/redis'
import { waitFor } from '../../../../../tests/support/wait-for'
import { disconnectIfSilent } from '../../../src/engine/bullmq/watch-connection'

const SILENCE_MS = 300

/** A connection that is replaced after 300 ms of silence, and how often that has happened. */
const connect = async () => {
  const server = await startRedis()
  const redis = new Redis(server.port, { maxRetriesPerRequest: null, retryStrategy: () => 20 })
  onTestFinished(() => redis.disconnect())
  redis.on('error', () => {})
  disconnectIfSilent(redis, SILENCE_MS)
  await once(redis, 'ready')
  let closed = 0
  redis.on('close', () => {
    closed += 1
  })
  return { server, redis, closed: () => closed }
}

test('When Redis does not reply, then the connection is replaced by one that works', async () => {
  const { server, redis, closed } = await connect()
  server.hang()
  await waitFor(() => closed() > 0)
  server.goOn()
  expect(await redis.ping()).toBe('PONG')
})

test('When this process itself is stalled for longer than that, then the connection stays', async () => {
  const { redis, closed } = await connect()
  for (let round = 0; round < 3; round++) {
    const until = performance.now() + 2 * SILENCE_MS
    while (performance.now() < until);
    await new Promise(setImmediate)
    expect(await redis.ping()).toBe('PONG')
  }
  expect(closed()).toBe(0)
})
