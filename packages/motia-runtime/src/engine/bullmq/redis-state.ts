import type { Redis } from 'ioredis'
import type { StateAdapter, StateItem, StateItemsInput } from 'motia'
import { stateItems } from '../state-items'

/** Motia's state in Redis: a hash for each group (or trace), of JSON by key. `prefix` is the prefix of all keys. */
export class RedisState implements StateAdapter {
  constructor(
    private readonly redis: Redis,
    private readonly prefix: string,
  ) {}

  async get<T>(groupId: string, key: string): Promise<T | null> {
    const text = await this.redis.hget(this.#keyOf(groupId), key)
    return text === null ? null : JSON.parse(text)
  }

  async set<T>(groupId: string, key: string, value: T): Promise<T> {
    await this.redis.hset(this.#keyOf(groupId), key, JSON.stringify(value))
    return value
  }

  async delete<T>(groupId: string, key: string): Promise<T | null> {
    const value = await this.get<T>(groupId, key)
    await this.redis.hdel(this.#keyOf(groupId), key)
    return value
  }

  async getGroup<T>(groupId: string): Promise<T[]> {
    const texts = await this.redis.hvals(this.#keyOf(groupId))
    return texts.map((text) => JSON.parse(text))
  }

  async clear(groupId: string): Promise<void> {
    await this.redis.unlink(this.#keyOf(groupId))
  }

  async keys(groupId: string): Promise<string[]> {
    return this.redis.hkeys(this.#keyOf(groupId))
  }

  async traceIds(): Promise<string[]> {
    const start = this.#keyOf('')
    const ids = new Set<string>()
    for await (const keys of this.redis.scanStream({ match: `${start}*`, count: 1_000 })) {
      for (const key of keys) ids.add(key.slice(start.length))
    }
    return [...ids]
  }

  async items({ groupId, filter }: StateItemsInput): Promise<StateItem[]> {
    const groupIds = groupId ? [groupId] : await this.traceIds()
    const items = await Promise.all(groupIds.map((id) => this.#itemsOf(id, filter)))
    return items.flat()
  }

  async cleanup(): Promise<void> {}

  async #itemsOf(groupId: string, filter: StateItemsInput['filter']): Promise<StateItem[]> {
    const texts = Object.entries(await this.redis.hgetall(this.#keyOf(groupId)))
    return stateItems(
      groupId,
      texts.map(([key, text]) => [key, JSON.parse(text)]),
      filter,
    )
  }

  #keyOf(groupId: string): string {
    return `${this.prefix}:${groupId}`
  }
}
