import type { Redis } from 'ioredis'
import { z } from 'zod'
import type { StoredPet } from '../../pets/pet'
import type { SharedRedis } from '../../redis/shared-redis'
import { type Change, type PetStore, StoreError, type Which } from '../store'
import { KnownPets } from './known-pets'
import { PetWriter } from './pet-writer'
import { checkRedis } from './redis-check'
import { redisStoreError } from './redis-error'
import { type RedisKeys, redisKeys } from './redis-keys'
import { pageScript } from './redis-scripts'

/** How many pets a process caches. */
const KNOWN_PETS = 10_000

/** How many pets one script reads at most: 1 or 2 ms of Redis's time, and fewer than Lua can unpack. */
const PAGE_SIZE = 1_000

/** A list of more pets than this is not cached. */
const KEPT_LIST = 10_000

/**
 * Returns the store of that name in a Redis, which any number of processes and machines can share. `close()` does not
 * close the connection.
 */
export function createRedisStore(redis: SharedRedis, scope = 'pets'): PetStore {
  return new RedisStore(redis, redisKeys(scope))
}

const pageReply = z.tuple([z.array(z.string()), z.array(z.string().nullable())])

/** A list of all pets at some revision. */
interface Listing {
  revision: string
  pets: Promise<readonly StoredPet[]>
}

class RedisStore implements PetStore {
  readonly #known = new KnownPets(KNOWN_PETS)
  readonly #writer: PetWriter
  #listing: Listing | null = null

  constructor(
    private readonly redis: SharedRedis,
    private readonly keys: RedisKeys,
  ) {
    this.#writer = new PetWriter(redis, keys, this.#known)
  }

  async get(id: string): Promise<StoredPet | null> {
    const text = await this.#run((redis) => redis.hget(this.keys.all, id))
    if (text !== null) return this.#known.learn(id, text)
    this.#known.forget(id)
    return null
  }

  async revision(): Promise<string> {
    return (await this.#run((redis) => redis.get(this.keys.revision))) ?? '0'
  }

  async list(): Promise<readonly StoredPet[]> {
    const revision = await this.revision()
    if (this.#listing?.revision === revision) return this.#listing.pets
    // Other calls that find the same revision meanwhile share this read.
    const listing = { revision, pets: this.page(null, Number.POSITIVE_INFINITY) }
    this.#listing = listing
    const forget = () => {
      if (this.#listing === listing) this.#listing = null
    }
    listing.pets.then((pets) => pets.length > KEPT_LIST && forget(), forget)
    return listing.pets
  }

  async page(after: string | null, limit: number, which: Which = 'all'): Promise<readonly StoredPet[]> {
    const { ids, owing } = this.keys
    if (which === 'newest-first') return this.#readPages(ids, ['ZREVRANGEBYSCORE', '-inf'], after ?? '+inf', limit)
    return this.#readPages(which === 'all' ? ids : owing, ['ZRANGEBYSCORE', '+inf'], after ?? '0', limit)
  }

  create(make: (id: string) => StoredPet): Promise<StoredPet> {
    return this.#writer.create(make)
  }

  update(id: string, change: (pet: StoredPet) => StoredPet, patienceMs?: number): Promise<Change | null> {
    return this.#writer.change(id, change, patienceMs)
  }

  async updateMany(
    ids: readonly string[],
    change: (pet: StoredPet) => StoredPet | null,
    patienceMs?: number,
  ): Promise<void> {
    await Promise.all(ids.map((id) => this.#writer.change(id, change, patienceMs)))
  }

  async start(): Promise<string[]> {
    if ((await this.#run((redis) => redis.exists(this.keys.copying))) === 0) return checkRedis(this.redis)
    throw new StoreError(
      'STORE_INVALID',
      'Redis contains an unfinished copy of the pets: run `npm run pets:copy` again',
    )
  }

  /** Rejects if Redis has become a read-only replica, as in a failover. */
  async check(): Promise<void> {
    // PERSIST is a write, but changes nothing and needs no memory.
    const write = this.redis.run((redis) => redis.persist(this.keys.seq))
    const isReadOnly = await write.then(
      () => false,
      (error) => String(error).includes('READONLY'),
    )
    if (isReadOnly) throw new StoreError('STORE_UNAVAILABLE', 'Redis, where the pets are kept, is a read-only replica')
  }

  close(): Promise<void> {
    return this.#writer.flush()
  }

  /** Reads the pets after one, up to an end of the set of ids. */
  async #readPages(
    set: string,
    [command, end]: [command: string, end: string],
    from: string,
    limit: number,
  ): Promise<StoredPet[]> {
    const pets: StoredPet[] = []
    while (pets.length < limit) {
      const size = Math.min(PAGE_SIZE, limit - pets.length)
      const args = [command, `(${pets.at(-1)?.id ?? from}`, end, size]
      const reply = await this.#run((redis) => pageScript(redis, [this.keys.all, set], args))
      const [ids, texts] = pageReply.parse(reply)
      for (const [index, id] of ids.entries()) {
        const text = texts[index]
        if (typeof text !== 'string')
          throw new StoreError('STORE_INVALID', `Redis lists pet ${id}, but does not have it`)
        pets.push(this.#known.read(id, text))
      }
      if (ids.length < size) break
    }
    return pets
  }

  #run<T>(commands: (redis: Redis) => Promise<T>): Promise<T> {
    return this.redis.run(commands).catch((error) => Promise.reject(redisStoreError(error)))
  }
}
