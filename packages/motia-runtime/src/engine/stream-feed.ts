import { safeJson } from '../traces/safe-json'
import type { FeedBatch, FeedTarget } from '../traces/workbench-feed'
import type { OpenWorkbench } from './engine'

/** Motia's streams for the Workbench. */
export const [GROUPS, TRACES, LOGS] = ['motia-trace-group', 'motia-trace', '__motia.logs'] as const

/** The group of all trace groups, and of all log lines. Traces are in the group of their trace group's id. */
export const DEFAULT_GROUP = 'default'

/** How many entries of a batch are pushed one at a time. A page redraws after each, and more would be too slow. */
const MOST_SINGLE_PUSHES = 20

/** How many of these may be trace groups. The Tracing tab opens each new one, which draws it three times. */
const MOST_SINGLE_GROUPS = 2

/**
 * How many entries beyond the limit may collect before a removal, as a share of the limit. After each removal an open
 * page gets everything again, so removals should be rare.
 */
const SPARE_SHARE = 0.1

/**
 * Keeps the latest traces and log lines in Motia's streams. While a Workbench is open, sets a small batch entry by
 * entry, so that the streams push it to the pages. After a larger one, the pages get all that is kept.
 */
export abstract class StreamFeed implements FeedTarget {
  /** How many entries of each kind beyond the limit may collect before a removal. */
  protected readonly spare: number
  #workbench: OpenWorkbench | undefined

  constructor(
    /** How many trace groups, traces of each group, and log lines remain after a removal. */
    protected readonly limit: number,
  ) {
    this.spare = Math.floor(limit * SPARE_SHARE)
  }

  attach(workbench: OpenWorkbench): void {
    this.#workbench = workbench
  }

  /** Whether a page of the Workbench is open. */
  get isWatched(): boolean {
    return this.#workbench?.isWatched() ?? false
  }

  abstract isReady(): boolean

  async write(batch: FeedBatch): Promise<void> {
    const { groups, traces, logs } = batch
    const workbench = this.isWatched ? this.#workbench : undefined
    const isSmall =
      groups.length <= MOST_SINGLE_GROUPS && groups.length + traces.length + logs.length <= MOST_SINGLE_PUSHES
    if (workbench && isSmall) await push(batch, workbench.getStreams())
    else await this.store(batch)
    const isTrimmed = await this.trim(batch)
    // Pages do not notice what is removed.
    if (workbench && (isTrimmed || !isSmall)) sendAllOf(batch, workbench)
  }

  /** Stores a batch without a push. The first step of a chain names its group. Later steps do not change the name. */
  protected abstract store(batch: FeedBatch): void | Promise<void>

  /**
   * Removes the oldest trace groups and log lines, and the oldest traces of the batch's groups, since a client may use
   * one trace for all its requests. Returns whether anything was removed.
   */
  protected abstract trim(batch: FeedBatch): boolean | Promise<boolean>
}

/** Sets the batch in Motia's streams, which push it to the pages of the Workbench and store it. */
const push = async (batch: FeedBatch, streams: ReturnType<OpenWorkbench['getStreams']>): Promise<void> => {
  const [groups, traces, logs] = [streams[GROUPS]?.(), streams[TRACES]?.(), streams[LOGS]?.()]
  // Before their groups: a page opens a new group at once, and must not miss the traces that are set meanwhile.
  for (const trace of batch.traces) await traces?.set(trace.parentTraceId, trace.id, JSON.parse(safeJson(trace)))
  for (const group of batch.groups) {
    const isKnown = await groups?.get(DEFAULT_GROUP, group.id)
    if (!isKnown) await groups?.set(DEFAULT_GROUP, group.id, group)
  }
  for (const line of batch.logs) await logs?.set(DEFAULT_GROUP, line.id, JSON.parse(safeJson(line)))
}

/** Sends the pages all that is kept of each group that a batch belongs to, in one message for each. */
const sendAllOf = ({ groups }: FeedBatch, workbench: OpenWorkbench): void => {
  for (const stream of [GROUPS, LOGS]) workbench.sendAll(stream, DEFAULT_GROUP)
  for (const { id } of groups) workbench.sendAll(TRACES, id)
}
