import { expect, onTestFinished, test } from 'vitest'
import { closeSharedRedis, sharedRedis } from '../../src/redis/shared-redis'
import { freePort } from '../support/free-port'
import { startRedis } from '../support/redis'
import { waitFor } from '../support/wait-for'

const isUp = (url: string) => sharedRedis(url).run((redis) => redis.ping())

test('When Redis goes away and comes back, then commands reject at once meanwhile, and work again afterwards', async () => {
  onTestFinished(closeSharedRedis)
  const redis = await startRedis()
  expect(await isUp(redis.url)).toBe('PONG')
  await redis.kill()
  await waitFor(() =>
    isUp(redis.url).then(
      () => false,
      () => true,
    ),
  )
  const began = performance.now()
  for (let count = 0; count < 10; count++) await expect(isUp(redis.url)).rejects.toThrow()
  expect(performance.now() - began).toBeLessThan(500)
  await redis.start()
  expect(await waitFor(() => isUp(redis.url))).toBe('PONG')
})

test('When Redis is not there at first, then commands reject until it is', async () => {
  onTestFinished(closeSharedRedis)
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  await expect(isUp(url)).rejects.toThrow()
  await startRedis([], { port })
  expect(await waitFor(() => isUp(url))).toBe('PONG')
})

test('When the same URL is used again, then the connection is the same until it is closed', async () => {
  onTestFinished(closeSharedRedis)
  const { url } = await startRedis()
  const idOf = () => sharedRedis(url).run((redis) => redis.client('ID'))
  const first = await idOf()
  expect(await idOf()).toBe(first)
  await closeSharedRedis()
  expect(await idOf()).not.toBe(first)
})
