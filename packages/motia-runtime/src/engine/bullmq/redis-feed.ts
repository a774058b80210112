import type { ChainableCommander, Redis } from 'ioredis'
import { safeJson } from '../../traces/safe-json'
import type { FeedBatch, FeedTarget } from '../../traces/workbench-feed'
import type { OpenWorkbench } from '../engine'
import { DEFAULT_GROUP, GROUPS, isPushedSingly, LOGS, sendAllOf, TRACES } from '../workbench-streams'
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

/**
 * Keeps the latest traces and log lines in Motia's streams. Writes a batch in one round trip. While a Workbench is
 * open, sets a small batch entry by entry instead, so that the streams push it to the pages. After a larger one, the
 * pages get all that is kept.
 */
export class RedisFeed implements FeedTarget {
  readonly #redis: Redis
  readonly #streams: RedisStreams
  readonly #limit: number
  #workbench: OpenWorkbench | undefined

  constructor({ redis, streams, limit }: RedisFeedOptions) {
    this.#redis = redis
    this.#streams = streams
    this.#limit = limit
  }

  attach(workbench: OpenWorkbench): void {
    this.#workbench = workbench
  }

  isReady(): boolean {
    return this.#redis.status === 'ready'
  }

  async write(batch: FeedBatch): Promise<void> {
    const workbench = this.#workbench?.isWatched() ? this.#workbench : undefined
    if (workbench && isPushedSingly(batch)) await push(batch, workbench.getStreams())
    else await this.#store(batch)
    const isTrimmed = await this.#trim(new Set(batch.traces.map(({ parentTraceId }) => parentTraceId)))
    // Pages do not notice what is trimmed.
    if (workbench && (isTrimmed || !isPushedSingly(batch))) sendAllOf(batch, workbench)
  }

  async #store({ groups, traces, logs }: FeedBatch): Promise<void> {
    const pipeline = this.#redis.pipeline()
    for (const group of groups) {
      const { items, order } = this.#keysOf(GROUPS)
      // The first step of a chain names its group. Later steps, on any server, do not.
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

  /**
   * Removes the oldest trace groups and log lines, and the oldest traces of the given groups, since a client may use
   * one trace for all its requests. Other servers may do the same at the same time. Returns whether anything was
   * removed.
   */
  async #trim(groupIds: ReadonlySet<string>): Promise<boolean> {
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

/** Sets the batch in Motia's streams, which push it to the pages of the Workbench and keep it in Redis. */
const push = async (batch: FeedBatch, streams: ReturnType<OpenWorkbench['getStreams']>): Promise<void> => {
  const [groups, traces, logs] = [streams[GROUPS]?.(), streams[TRACES]?.(), streams[LOGS]?.()]
  for (const group of batch.groups) {
    const isKnown = await groups?.get(DEFAULT_GROUP, group.id)
    if (!isKnown) await groups?.set(DEFAULT_GROUP, group.id, group)
  }
  for (const trace of batch.traces) await traces?.set(trace.parentTraceId, trace.id, JSON.parse(safeJson(trace)))
  for (const line of batch.logs) await logs?.set(DEFAULT_GROUP, line.id, JSON.parse(safeJson(line)))
}

/** Runs a pipeline. Rejects with the first error of its commands. */
const run = async (pipeline: ChainableCommander): Promise<void> => {
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
}
