import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

/** Runs a script; the reply is whatever the script returns. */
export type Script = (redis: Redis, keys: string[], args: (string | number)[]) => Promise<unknown>

/**
 * A script that Redis runs as one: nothing comes between its commands. Not by ioredis' `defineCommand`, which adds a method
 * to a connection that its type does not have.
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
