import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

/** Runs a script. Resolves to its reply. */
type Script = (redis: Redis, keys: string[], args: (string | number)[]) => Promise<unknown>

/**
 * Returns a script that Redis runs atomically. It does not use ioredis' `defineCommand`, which adds a method to the
 * connection that its type lacks.
 */
export const script = (lua: string): Script => {
  const sha = createHash('sha1').update(lua).digest('hex')
  return async (redis, keys, args) => {
    try {
      return await redis.evalsha(sha, keys.length, ...keys, ...args)
    } catch (error) {
      const isUnknown = error instanceof Error && error.message.startsWith('NOSCRIPT')
      if (!isUnknown) throw error
      return redis.eval(lua, keys.length, ...keys, ...args)
    }
  }
}
