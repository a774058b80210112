import type { RedisClientType } from 'redis'
import type { RunSigns } from './run-relay'

const keyOf = (name: string): string => `motia:cron:run:${name}`

/** The signs that instances on one Redis give each other: a key for each cron step, `lives` or `ended`, that expires. */
export const redisRunSigns = (redis: Pick<RedisClientType, 'set' | 'get'>): RunSigns => ({
  live: (name, ms) => redis.set(keyOf(name), 'lives', { PX: ms }),
  end: (name, ms) => redis.set(keyOf(name), 'ended', { PX: ms }),
  takeOver: async (name, ms) => {
    const reply = await redis.set(keyOf(name), 'lives', { NX: true, PX: ms })
    if (reply === 'OK') return 'taken'
    return (await redis.get(keyOf(name))) === 'ended' ? 'ended' : 'lives'
  },
})
