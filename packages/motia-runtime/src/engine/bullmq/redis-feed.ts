import type { ChainableCommander, Redis } from 'ioredis'
import { safeJson } from '../../traces/safe-json'
import type { FeedBatch } from '../../traces/workbench-feed'
import { DEFAULT_GROUP, GROUPS, LOGS, StreamFeed, TRACES } from '../stream-feed'
import type { GroupKeys, RedisStreams } from './redis-streams'

/** The names of the streams that the feed fills. */
export const WORKBENCH_STREAMS: readonly string[] = [GROUPS, TRACES, LOGS]

/** What the feed needs. */
export interface RedisFeedOptions {
  redis: Redis
  streams: RedisStreams
  /** How many trace groups, traces of each group, and log lines are kept, of all servers together. */
  limit: number
}

/** The latest traces and log lines, in Redis. Writes a batch in one round trip. */
export class RedisFeed extends StreamFeed {
  readonly #redis: Redis
  readonly #streams: RedisStreams
  readonly #limit: number

  constructor({ redis, streams, limit }: RedisFeedOptions) {
    super()
    this.#redis = redis
    this.#streams = streams
    this.#limit = limit
  }

  override isReady(): boolean {
    return this.#redis.status === 'ready'
  }

  protected override async store({ groups, traces, logs }: FeedBatch): Promise<void> {
    const pipeline = this.#redis.pipeline()
    for (const group of groups) {
      const { items, order } = this.#keysOf(GROUPS)
      pipeline.hsetnx(items, group.id, safeJson(group)).zadd(order, 'NX', group.startTime, group.id)
    }
    for (const trace of traces) {
      const { items, order } = this.#streams.keysOf(TRACES, trace.parentTraceId)
      pipeline.hset(items, trace.id, safeJson(trace)).zadd(order, 'NX', trace.startTime, trace.id)
    }
    for (const line of logs) {
      const { items, order } = this.#keysOf(LOGS)
      pipeline.hset(items, line.id, safeJson(line)).zadd(order, 'NX', Number(line.time), line.id)
    }
    await run(pipeline)
  }

  /** Other servers may do the same at the same time. */
  protected override async trim({ traces }: FeedBatch): Promise<boolean> {
    const groupIds = new Set(traces.map(({ parentTraceId }) => parentTraceId))
    const [groupKeys, logKeys] = [this.#keysOf(GROUPS), this.#keysOf(LOGS)]
    const end = -(this.#limit + 1)
    const grown = Array.from(groupIds, async (id) => {
      const keys = this.#streams.keysOf(TRACES, id)
      return { keys, old: await this.#redis.zrange(keys.order, 0, end) }
    })
    const [oldGroups, oldLogs, oldTraces] = await Promise.all([
      this.#redis.zrange(groupKeys.order, 0, end),
      this.#redis.zrange(logKeys.order, 0, end),
      Promise.all(grown),
    ])
    const pipeline = this.#redis.pipeline()
    if (oldGroups.length > 0) pipeline.hdel(groupKeys.items, ...oldGroups).zrem(groupKeys.order, ...oldGroups)
    if (oldLogs.length > 0) pipeline.hdel(logKeys.items, ...oldLogs).zrem(logKeys.order, ...oldLogs)
    for (const { keys, old } of oldTraces) {
      if (old.length > 0) pipeline.hdel(keys.items, ...old).zrem(keys.order, ...old)
    }
    for (const id of oldGroups) {
      const { items, order } = this.#streams.keysOf(TRACES, id)
      pipeline.unlink(items, order)
    }
    if (pipeline.length > 0) await run(pipeline)
    return pipeline.length > 0
  }

  #keysOf(stream: string): GroupKeys {
    return this.#streams.keysOf(stream, DEFAULT_GROUP)
  }
}

/** Runs a pipeline. Rejects with the first error of its commands. */
const run = async (pipeline: ChainableCommander): Promise<void> => {
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
}
