import type { Redis } from 'ioredis'
import { isUnfinished } from '../../pets/pet-changes'
import { sharedRedis } from '../../redis/shared-redis'
import { redisStoreError } from '../redis/redis-error'
import { KEYS } from '../redis/redis-keys'
import { createRedisStore } from '../redis/redis-store'
import { newRevision } from '../redis/revision'
import { type CopyEnd, CopyError, pagesOf } from './copy-pets'

/**
 * The store in a Redis as one end of a copy. While it is written to it holds a mark: no server starts on it, and the next
 * copy knows that what is there is an unfinished one, which it begins anew.
 */
export const redisEnd = (url: string): CopyEnd => {
  const shared = sharedRedis(url)
  const store = createRedisStore(shared)
  const run = <T>(commands: (client: Redis) => Promise<T>): Promise<T> =>
    shared.run(commands).catch((error) => Promise.reject(error instanceof CopyError ? error : redisStoreError(error)))
  /** What is copied into holds a mark while it is, what is copied from must not. */
  let isTarget = false
  const { hostname, port } = new URL(url)
  const name = `Redis at ${hostname}:${port || 6379}`

  return {
    name,
    extent: () =>
      run(async (client) => {
        const isWhole = isTarget || (await client.exists(KEYS.copying)) === 0
        if (!isWhole) throw new CopyError(`${name} holds an unfinished copy: copy into it again, to its end`)
        const [count, seq, [last = '0']] = await Promise.all([
          client.zcard(KEYS.ids),
          client.get(KEYS.seq),
          client.zrevrange(KEYS.ids, 0, 0),
        ])
        return { count, seq: Math.max(Number(seq), Number(last)) + 1 }
      }),
    pages: () => pagesOf((after, limit) => store.page(after, limit)),
    begin: () =>
      run(async (client) => {
        isTarget = true
        const isUnfinishedCopy = (await client.exists(KEYS.copying)) === 1
        if (!isUnfinishedCopy && (await client.exists(KEYS.all)) === 1) {
          throw new CopyError(`${name} already holds pets: nothing is overwritten`)
        }
        await client
          .multi()
          .set(KEYS.copying, new Date().toISOString())
          .unlink(KEYS.all, KEYS.ids, KEYS.unfinished)
          .set(KEYS.revision, newRevision())
          .exec()
      }),
    write: async (pets) => {
      const texts = pets.flatMap(({ id, ...fields }) => [id, JSON.stringify({ id, ...fields })])
      const ids = pets.flatMap(({ id }) => [id, id])
      const unfinished = pets.filter(isUnfinished).flatMap(({ id }) => [id, id])
      await run((client) => {
        const writing = client
          .multi()
          .hset(KEYS.all, ...texts)
          .zadd(KEYS.ids, ...ids)
        if (unfinished.length > 0) writing.zadd(KEYS.unfinished, ...unfinished)
        return writing.exec()
      })
    },
    finish: (seq) =>
      run(async (client) => {
        const handedOut = Math.max(seq - 1, Number(await client.get(KEYS.seq)))
        await client.multi().set(KEYS.seq, handedOut).set(KEYS.revision, newRevision()).exec()
      }),
    accept: () => run(async (client) => void (await client.del(KEYS.copying))),
    reject: async () => {},
  }
}
