import { expect, test } from 'vitest'
import { startRedis } from '../../../../../tests/support/redis'
import { newPrefix, openTestEngine } from './test-engine'

test('When servers of two apps start on one prefix at once, then one app gets it, and the error of the other says what to do', async () => {
  const redis = await startRedis()
  const prefix = newPrefix()
  const starts = await Promise.all(
    ['cats', 'dogs', 'cats', 'dogs'].map((app) =>
      openTestEngine(redis, { prefix, app }).then(
        () => app,
        (error: Error) => error.message,
      ),
    ),
  )
  const owner = String(await redis.command('GET', `${prefix}:app`))
  const other = owner === 'cats' ? 'dogs' : 'cats'
  const refusal =
    `The prefix "${prefix}" in Redis belongs to the app "${owner}", and this app is "${other}" (see package.json): ` +
    `set another redisPrefix, or delete the key ${prefix}:app if the app was renamed`
  expect(starts.toSorted()).toEqual([refusal, refusal, owner, owner].toSorted())
})

test('When Redis has no memory left, then the app that owns the prefix still starts', async () => {
  const redis = await startRedis()
  const prefix = newPrefix()
  await openTestEngine(redis, { prefix })
  await redis.command('CONFIG', 'SET', 'maxmemory', '1')
  await expect(redis.command('SET', 'any', 'value')).rejects.toThrow('OOM')
  await openTestEngine(redis, { prefix })
})
