import type { Redis } from 'ioredis'

/** Thrown if the prefix belongs to another app, with a one-line message for a person. */
export class PrefixTakenError extends Error {
  override readonly name = 'PrefixTakenError'
}

/** Claims the prefix of all keys for an app, until somebody deletes the claim. Throws a `PrefixTakenError`. */
export const claimPrefix = async (redis: Redis, prefix: string, app: string): Promise<void> => {
  const key = `${prefix}:app`
  // A Redis without free memory refuses to set even a key that exists, so that no server could restart.
  if ((await redis.get(key)) === null) await redis.set(key, app, 'NX')
  const owner = await redis.get(key)
  if (owner === app) return
  throw new PrefixTakenError(
    `The prefix "${prefix}" in Redis belongs to the app "${owner}", and this app is "${app}" (see package.json): ` +
      `set another redisPrefix, or delete the key ${key} if the app was renamed`,
  )
}
