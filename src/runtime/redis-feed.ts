import type { LockedData } from 'motia'
import type { FeedBatch, FeedTarget } from './workbench-feed'

/** Motia keeps traces and logs for three days; in seconds. */
const TIME_TO_LIVE_S = 3 * 24 * 60 * 60

const GROUPS_KEY = 'motia:trace:default'
const traceKey = (groupId: string): string => `motia:trace:${groupId}`
const logKey = (id: string): string => `motia:logs:default:${id}`

/** The names of the streams by which Motia's server pushes to an open Workbench. */
const STREAMS = { groups: 'motia-trace-group', traces: 'motia-trace', logs: '__motia.logs' } as const

/**
 * Writes traces and logs to Redis in the keys and form of Motia 0.17 (`RedisTraceStreamAdapter`, `RedisLogsStream`), a
 * batch in one round trip, and keeps only the latest `limit` of each. While a Workbench is open they go through Motia's
 * streams instead, which also push them to the page.
 */
export class RedisFeed implements FeedTarget {
  readonly #lockedData: LockedData
  readonly #limit: number
  readonly #isWatched: () => boolean
  readonly #groupIds = new Set<string>()
  readonly #logIds = new Set<string>()
  #isSeeded = false

  constructor(lockedData: LockedData, limit: number, isWatched: () => boolean) {
    this.#lockedData = lockedData
    this.#limit = limit
    this.#isWatched = isWatched
  }

  isReady(): boolean {
    return this.#lockedData.redisClient?.isReady === true
  }

  async write({ groups, traces, logs }: FeedBatch): Promise<void> {
    await this.#seed()
    if (this.#isWatched()) await this.#push({ groups, traces, logs })
    const pipeline = this.#redis.multi()
    for (const group of groups) {
      // The first step of a chain names its group; steps that join later, or elsewhere, leave it alone.
      pipeline.hSetNX(GROUPS_KEY, group.id, JSON.stringify(group))
      this.#groupIds.add(group.id)
    }
    for (const trace of traces) {
      pipeline.hSet(traceKey(trace.parentTraceId), trace.id, JSON.stringify(trace))
      pipeline.expire(traceKey(trace.parentTraceId), TIME_TO_LIVE_S)
    }
    for (const line of logs) {
      pipeline.set(logKey(line.id), JSON.stringify(line), { EX: TIME_TO_LIVE_S })
      this.#logIds.add(line.id)
    }
    const oldGroups = takeOldest(this.#groupIds, this.#limit)
    if (oldGroups.length > 0) {
      pipeline.hDel(GROUPS_KEY, oldGroups)
      pipeline.unlink(oldGroups.map(traceKey))
    }
    const oldLogs = takeOldest(this.#logIds, this.#limit)
    if (oldLogs.length > 0) pipeline.unlink(oldLogs.map(logKey))
    await pipeline.execAsPipeline()
  }

  async #push({ groups, traces, logs }: FeedBatch): Promise<void> {
    const streams = this.#lockedData.getStreams()
    const known = new Set(await this.#redis.hKeys(GROUPS_KEY))
    for (const group of groups)
      if (!known.has(group.id)) await streams[STREAMS.groups]?.().set('default', group.id, group)
    for (const trace of traces) await streams[STREAMS.traces]?.().set(trace.parentTraceId, trace.id, trace)
    for (const line of logs) await streams[STREAMS.logs]?.().set('default', line.id, line)
  }

  /** Counts in what an earlier run of the server has left. */
  async #seed(): Promise<void> {
    if (this.#isSeeded) return
    for (const id of await this.#redis.hKeys(GROUPS_KEY)) this.#groupIds.add(id)
    for await (const keys of this.#redis.scanIterator({ MATCH: logKey('*'), COUNT: 1_000 })) {
      for (const key of keys) this.#logIds.add(key.slice(logKey('').length))
    }
    this.#isSeeded = true
  }

  get #redis() {
    const { redisClient } = this.#lockedData
    if (!redisClient) throw new Error('Motia was started without a Redis client')
    return redisClient
  }
}

const takeOldest = (ids: Set<string>, size: number): string[] => {
  const oldest: string[] = []
  for (const id of ids) {
    if (ids.size <= size) break
    ids.delete(id)
    oldest.push(id)
  }
  return oldest
}
