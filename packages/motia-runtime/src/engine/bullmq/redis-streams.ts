import type { Redis } from 'ioredis'
import { type BaseStreamItem, StreamAdapter, type StreamAdapterManager } from 'motia'

/** The keys of a group of a stream: a hash of its items as JSON, and a sorted set of their ids in order of creation. */
export interface GroupKeys {
  items: string
  order: string
}

/** Motia's streams in Redis. `prefix` is the prefix of all keys. */
export class RedisStreams implements StreamAdapterManager {
  constructor(
    private readonly redis: Redis,
    private readonly prefix: string,
  ) {}

  createStream<TData>(name: string): StreamAdapter<TData> {
    return new RedisStream<TData>(this.redis, name, (groupId) => this.keysOf(name, groupId))
  }

  keysOf(name: string, groupId: string): GroupKeys {
    return { items: `${this.prefix}:items:${name}:${groupId}`, order: `${this.prefix}:order:${name}:${groupId}` }
  }
}

class RedisStream<TData> extends StreamAdapter<TData> {
  constructor(
    private readonly redis: Redis,
    name: string,
    private readonly keysOf: (groupId: string) => GroupKeys,
  ) {
    super(name)
  }

  async get(groupId: string, id: string): Promise<BaseStreamItem<TData> | null> {
    const text = await this.redis.hget(this.keysOf(groupId).items, id)
    return text === null ? null : { ...JSON.parse(text), id }
  }

  async set(groupId: string, id: string, data: TData): Promise<BaseStreamItem<TData>> {
    const { items, order } = this.keysOf(groupId)
    const createdAt = performance.timeOrigin + performance.now()
    await this.redis.multi().hset(items, id, JSON.stringify(data)).zadd(order, 'NX', createdAt, id).exec()
    return { ...data, id }
  }

  async delete(groupId: string, id: string): Promise<BaseStreamItem<TData> | null> {
    const item = await this.get(groupId, id)
    const { items, order } = this.keysOf(groupId)
    await this.redis.multi().hdel(items, id).zrem(order, id).exec()
    return item
  }

  async getGroup(groupId: string): Promise<BaseStreamItem<TData>[]> {
    const { items, order } = this.keysOf(groupId)
    const ids = await this.redis.zrange(order, 0, -1)
    const texts = ids.length > 0 ? await this.redis.hmget(items, ...ids) : []
    return ids.flatMap((id, index) => {
      const text = texts[index]
      return typeof text === 'string' ? [{ ...JSON.parse(text), id }] : []
    })
  }

  override async clear(groupId: string): Promise<void> {
    const { items, order } = this.keysOf(groupId)
    await this.redis.unlink(items, order)
  }
}
