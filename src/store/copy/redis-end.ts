import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { claimPrefix, PrefixTakenError } from 'motia-runtime'
import { owesEvents } from '../../pets/pet'
import { sharedRedis } from '../../redis/shared-redis'
import { pagesOf } from '../pages'
import { redisStoreError } from '../redis/redis-error'
import { redisKeys } from '../redis/redis-keys'
import { createRedisStore } from '../redis/redis-store'
import { type CopyEnd, CopyError } from './copy-pets'

/** Errors whose messages are for a person. */
const isExplained = (error: unknown): boolean => error instanceof CopyError || error instanceof PrefixTakenError

/**
 * Returns the store of that name in a Redis as one end of a copy. The target becomes that of `app`, if it belongs to
 * nobody. It has a mark during the copy: no server can start with it or change it, and the next copy replaces the
 * remains of an interrupted one.
 */
export const redisEnd = (url: string, scope: string, app: string): CopyEnd => {
  const shared = sharedRedis(url)
  const store = createRedisStore(shared, scope)
  const keys = redisKeys(scope)
  const run = <T>(commands: (client: Redis) => Promise<T>): Promise<T> =>
    shared.run(commands).catch((error) => Promise.reject(isExplained(error) ? error : redisStoreError(error)))
  /** The target of a copy has the mark until it is checked. A source must not have it. */
  let isTarget = false
  const { hostname, port } = new URL(url)
  const name = `Redis at ${hostname}:${port || 6379}`

  return {
    name,
    extent: () =>
      run(async (client) => {
        const isWhole = isTarget || (await client.exists(keys.copying)) === 0
        if (!isWhole) throw new CopyError(`${name} contains an unfinished copy: complete that copy first`)
        const [count, seq, [last = '0']] = await Promise.all([
          client.zcard(keys.ids),
          client.get(keys.seq),
          client.zrevrange(keys.ids, 0, 0),
        ])
        return { count, seq: Math.max(Number(seq), Number(last)) + 1 }
      }),
    pages: () => pagesOf((after, limit) => store.page(after, limit)),
    begin: () =>
      run(async (client) => {
        isTarget = true
        const isUnfinishedCopy = (await client.exists(keys.copying)) === 1
        if (!isUnfinishedCopy && (await client.exists(keys.all)) === 1) {
          throw new CopyError(`${name} already has pets, which are not overwritten`)
        }
        await claimPrefix(client, scope, app)
        await client
          .multi()
          .set(keys.copying, new Date().toISOString())
          .unlink(keys.all, keys.ids, keys.owing, keys.byKey)
          .set(keys.revision, randomUUID())
          .exec()
      }),
    write: async (pets) => {
      const owing = pets.filter(owesEvents)
      const byKey = pets.flatMap(({ id, idempotency }) => (idempotency ? [idempotency.key, id] : []))
      await run((client) => {
        const writing = client
          .multi()
          .hset(keys.all, ...pets.flatMap((pet) => [pet.id, JSON.stringify(pet)]))
          .zadd(keys.ids, ...pets.flatMap(({ id }) => [id, id]))
        if (owing.length > 0) writing.zadd(keys.owing, ...owing.flatMap(({ id }) => [id, id]))
        if (byKey.length > 0) writing.hset(keys.byKey, ...byKey)
        return writing.exec()
      })
    },
    finish: (seq) =>
      run(async (client) => {
        const handedOut = Math.max(seq - 1, Number(await client.get(keys.seq)))
        await client.multi().set(keys.seq, handedOut).set(keys.revision, randomUUID()).exec()
      }),
    accept: () => run(async (client) => void (await client.del(keys.copying))),
  }
}
