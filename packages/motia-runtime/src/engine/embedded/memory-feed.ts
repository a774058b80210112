import type { StreamAdapter } from 'motia'
import { safeJson } from '../../traces/safe-json'
import type { FeedBatch } from '../../traces/workbench-feed'
import { DEFAULT_GROUP, GROUPS, LOGS, StreamFeed, TRACES } from '../stream-feed'
import { JsonGroups } from './json-groups'
import { MemoryStream } from './memory-streams'

/** The latest traces and log lines, in memory. */
export class MemoryFeed extends StreamFeed {
  readonly #groups = new JsonGroups()
  readonly #traces = new JsonGroups()
  readonly #logs = new JsonGroups()
  readonly #streams = new Map<string, JsonGroups>([
    [GROUPS, this.#groups],
    [TRACES, this.#traces],
    [LOGS, this.#logs],
  ])

  /** Returns the Workbench's stream of that name; undefined for other names. */
  stream(name: string): StreamAdapter<unknown> | undefined {
    const items = this.#streams.get(name)
    return items && new MemoryStream(name, items)
  }

  override isReady(): boolean {
    return true
  }

  protected override store({ groups, traces, logs }: FeedBatch): void {
    for (const group of groups) {
      if (!this.#groups.has(DEFAULT_GROUP, group.id)) this.#groups.setText(DEFAULT_GROUP, group.id, safeJson(group))
    }
    for (const trace of traces) this.#traces.setText(trace.parentTraceId, trace.id, safeJson(trace))
    for (const line of logs) this.#logs.setText(DEFAULT_GROUP, line.id, safeJson(line))
  }

  protected override trim({ traces }: FeedBatch): boolean {
    const drop = (items: JsonGroups, group: string) => items.dropOldest(group, this.limit, this.limit + this.spare)
    const oldTraces = traces.flatMap(({ parentTraceId }) => drop(this.#traces, parentTraceId))
    const oldGroups = drop(this.#groups, DEFAULT_GROUP)
    const oldLogs = drop(this.#logs, DEFAULT_GROUP)
    for (const id of oldGroups) this.#traces.deleteGroup(id)
    return oldTraces.length + oldGroups.length + oldLogs.length > 0
  }
}
