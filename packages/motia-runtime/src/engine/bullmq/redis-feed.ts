import type { ChainableCommander, Redis } from 'ioredis'
import { safeJson } from '../../traces/safe-json'
import type { FeedBatch } from '../../traces/workbench-feed'
import { DEFAULT_GROUP, GROUPS, LOGS, StreamFeed, TRACES } from '../stream-feed'
import type { GroupKeys, RedisStreams } from './redis-streams'

/** The names of the streams that the feed fills. */
export const WORKBENCH_STREAMS: readonly string[] = [GROUPS, TRACES, LOGS]

/** The latest traces and log lines of all servers, in Redis. Writes a batch in one round trip. */
export class RedisFeed extends StreamFeed {
  constructor(
    private readonly redis: Redis,
    private readonly streams: RedisStreams,
    limit: number,
  ) {
    super(limit)
  }

  override isReady(): boolean {
    return this.redis.status === 'ready'
  }

  protected override async store({ groups, traces, logs }: FeedBatch): Promise<void> {
    const pipeline = this.redis.pipeline()
    for (const group of groups) {
      const { items, order } = this.#keysOf(GROUPS)
      pipeline.hsetnx(items, group.id, safeJson(group)).zadd(order, 'NX', group.startTime, group.id)
    }
    for (const trace of traces) {
      const { items, order } = this.streams.keysOf(TRACES, trace.parentTraceId)
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
    const oldIn = async (keys: GroupKeys) => {
      const ids = await this.redis.zrange(keys.order, 0, -(this.limit + 1))
      return { ...keys, ids: ids.length > this.spare ? ids : [] }
    }
    const [groups, ...others] = await Promise.all([
      oldIn(this.#keysOf(GROUPS)),
      oldIn(this.#keysOf(LOGS)),
      ...Array.from(groupIds, (id) => oldIn(this.streams.keysOf(TRACES, id))),
    ])
    const pipeline = this.redis.pipeline()
    for (const { items, order, ids } of [groups, ...others]) {
      if (ids.length > 0) pipeline.hdel(items, ...ids).zrem(order, ...ids)
    }
    for (const id of groups.ids) {
      const { items, order } = this.streams.keysOf(TRACES, id)
      pipeline.unlink(items, order)
    }
    if (pipeline.length === 0) return false
    await run(pipeline)
    return true
  }

  #keysOf(stream: string): GroupKeys {
    return this.streams.keysOf(stream, DEFAULT_GROUP)
  }
}

/** Runs a pipeline. Rejects with the first error of its commands. */
const run = async (pipeline: ChainableCommander): Promise<void> => {
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
}
