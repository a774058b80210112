import type { StreamAdapter } from 'motia'
import { safeJson } from '../../traces/safe-json'
import type { FeedBatch, FeedTarget } from '../../traces/workbench-feed'
import type { OpenWorkbench } from '../engine'
import { DEFAULT_GROUP, GROUPS, isPushedSingly, LOGS, sendAllOf, TRACES } from '../workbench-streams'
import { JsonGroups } from './json-groups'
import { MemoryStream } from './memory-streams'

/**
 * The latest traces and log lines, in memory. While a Workbench is open, a small batch goes through Motia's
 * streams, which push it to the pages and also store it here. After a larger one, the pages get all that is kept.
 */
export class MemoryFeed implements FeedTarget {
  readonly #limit: number
  readonly #items = new Map<string, JsonGroups>([GROUPS, TRACES, LOGS].map((name) => [name, new JsonGroups()]))
  #workbench: OpenWorkbench | undefined

  /** Keeps `limit` trace groups, `limit` traces of each, and `limit` log lines. */
  constructor(limit: number) {
    this.#limit = limit
  }

  attach(workbench: OpenWorkbench): void {
    this.#workbench = workbench
  }

  /** Whether a page of the Workbench is open. */
  get isWatched(): boolean {
    return this.#workbench?.isWatched() ?? false
  }

  /** Returns the Workbench's stream of that name; undefined for other names. */
  stream(name: string): StreamAdapter<unknown> | undefined {
    const items = this.#items.get(name)
    return items && new MemoryStream(name, items)
  }

  isReady(): boolean {
    return true
  }

  async write(batch: FeedBatch): Promise<void> {
    const { groups, traces, logs } = batch
    const workbench = this.isWatched ? this.#workbench : undefined
    const streams = workbench && isPushedSingly(batch) ? workbench.getStreams() : {}
    for (const group of groups) {
      // The first step of a chain names its group. Later steps do not change the name.
      if (!this.#of(GROUPS).has(DEFAULT_GROUP, group.id))
        await this.#set(streams, GROUPS, DEFAULT_GROUP, group.id, group)
    }
    for (const trace of traces) {
      await this.#set(streams, TRACES, trace.parentTraceId, trace.id, trace)
      // A client may use the same trace for all its requests.
      this.#of(TRACES).dropOldest(trace.parentTraceId, this.#limit)
    }
    for (const line of logs) await this.#set(streams, LOGS, DEFAULT_GROUP, line.id, line)
    const oldGroups = this.#of(GROUPS).dropOldest(DEFAULT_GROUP, this.#limit)
    const oldLogs = this.#of(LOGS).dropOldest(DEFAULT_GROUP, this.#limit)
    for (const id of oldGroups) this.#of(TRACES).deleteGroup(id)
    // Pages do not notice what is dropped.
    if (workbench && (!isPushedSingly(batch) || oldGroups.length + oldLogs.length > 0)) sendAllOf(batch, workbench)
  }

  #of(stream: string): JsonGroups {
    const items = this.#items.get(stream)
    if (!items) throw new Error(`The Workbench has no stream ${stream}`)
    return items
  }

  async #set(
    streams: ReturnType<OpenWorkbench['getStreams']>,
    stream: string,
    groupId: string,
    id: string,
    value: unknown,
  ): Promise<void> {
    const text = safeJson(value)
    const pushing = streams[stream]
    if (pushing) await pushing().set(groupId, id, JSON.parse(text))
    else this.#of(stream).setText(groupId, id, text)
  }
}
