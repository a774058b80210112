import type { StreamAdapter } from 'motia'
import { safeJson } from '../../traces/safe-json'
import type { FeedBatch, FeedTarget } from '../../traces/workbench-feed'
import type { OpenWorkbench } from '../engine'
import { JsonGroups } from './json-groups'
import { MemoryStream } from './memory-streams'

/**
 * Motia's streams for the Workbench. Groups and logs are in the stream's group `default`, traces in their trace group.
 */
const STREAMS = { groups: 'motia-trace-group', traces: 'motia-trace', logs: '__motia.logs' } as const
const GROUP = 'default'

/**
 * The latest traces and log lines, in memory. While a Workbench is open they go through Motia's streams, which push
 * them to its pages and also store them here.
 */
export class MemoryFeed implements FeedTarget {
  readonly #limit: number
  readonly #items = new Map<string, JsonGroups>(Object.values(STREAMS).map((name) => [name, new JsonGroups()]))
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

  async write({ groups, traces, logs }: FeedBatch): Promise<void> {
    for (const group of groups) {
      // The first step of a chain names its group. Later steps do not change the name.
      if (!this.#of(STREAMS.groups).has(GROUP, group.id)) await this.#set(STREAMS.groups, GROUP, group.id, group)
    }
    for (const trace of traces) {
      await this.#set(STREAMS.traces, trace.parentTraceId, trace.id, trace)
      // A client may use the same trace for all its requests.
      this.#of(STREAMS.traces).dropOldest(trace.parentTraceId, this.#limit)
    }
    for (const line of logs) await this.#set(STREAMS.logs, GROUP, line.id, line)
    for (const id of this.#of(STREAMS.groups).dropOldest(GROUP, this.#limit)) this.#of(STREAMS.traces).deleteGroup(id)
    this.#of(STREAMS.logs).dropOldest(GROUP, this.#limit)
  }

  #of(stream: string): JsonGroups {
    const items = this.#items.get(stream)
    if (!items) throw new Error(`The Workbench has no stream ${stream}`)
    return items
  }

  async #set(stream: string, groupId: string, id: string, value: unknown): Promise<void> {
    const text = safeJson(value)
    const pushing = this.isWatched ? this.#workbench?.getStreams()[stream] : undefined
    if (pushing) await pushing().set(groupId, id, JSON.parse(text))
    else this.#of(stream).setText(groupId, id, text)
  }
}
