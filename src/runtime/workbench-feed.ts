import { randomUUID } from 'node:crypto'

/** The run of a chain of steps, as the Workbench's Tracing tab lists it. Times are epoch ms. */
export interface TraceGroup {
  id: string
  name: string
  startTime: number
}

/** The run of one step within a trace group, as the Tracing tab shows it. */
export interface Trace {
  id: string
  name: string
  parentTraceId: string
  status: 'running' | 'completed' | 'failed'
  startTime: number
  endTime?: number
  error?: { message: string; code?: string | number; stack?: string }
  entryPoint: { type: string; stepName: string }
  events: Record<string, unknown>[]
}

/** A log line as the Workbench's Logs tab shows it. */
export type LogLine = Record<string, unknown> & { id: string }

/** What one flush writes. */
export interface FeedBatch {
  groups: TraceGroup[]
  traces: Trace[]
  logs: LogLine[]
}

/** Where the feed goes. */
export interface FeedTarget {
  /** Whether a write can be tried now. */
  isReady(): boolean
  write(batch: FeedBatch): Promise<void>
}

/** How long traces and logs wait for company, in ms. */
const FLUSH_INTERVAL_MS = 250

/**
 * What part of `limit` may go out a second, if nothing has been saved up: `limit` itself may be. A burst is kept whole, and of
 * a load that lasts the latest of each moment, so that what is kept reaches back some seconds; all of it would be pushed out
 * by what follows at once, and cost as much as the requests themselves.
 */
const SHARE_PER_SECOND = 0.25

/** Removes the oldest entries of a map beyond `size`; answers how many. */
const dropOldest = (collection: Map<unknown, unknown>, size: number): number => {
  let dropped = 0
  for (const key of collection.keys()) {
    if (collection.size <= size) break
    collection.delete(key)
    dropped += 1
  }
  return dropped
}

/**
 * Traces and logs on their way to the Workbench. They wait in a bounded buffer and go out in batches, in the background:
 * no request waits for them, and where the target is slow or gone the oldest are dropped and one line says so.
 */
export class WorkbenchFeed {
  readonly #target: FeedTarget
  readonly #limit: number
  readonly #traces = new Map<string, { group: TraceGroup; trace: Trace }>()
  readonly #logs = new Map<string, LogLine>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #isLosing = false
  #saved: number
  #savedAt = performance.now()

  /** Keeps at most `limit` traces and `limit` log lines waiting; 0 turns the feed off. */
  constructor(target: FeedTarget, limit: number) {
    this.#target = target
    this.#limit = limit
    this.#saved = limit
  }

  /** How many traces and log lines are waiting. */
  get waiting(): number {
    return this.#traces.size + this.#logs.size
  }

  /** Notes that a trace is new or changed. */
  trace(group: TraceGroup, trace: Trace): void {
    if (this.#limit === 0) return
    if (!this.#traces.has(trace.id)) {
      this.#traces.set(trace.id, { group, trace })
      this.#bound()
    }
    this.#arm()
  }

  /** Adds a log line. */
  log(line: Record<string, unknown>): void {
    if (this.#limit === 0) return
    const id = randomUUID()
    this.#logs.set(id, { ...line, id })
    this.#bound()
    this.#arm()
  }

  /** Writes what is waiting, as far as the target takes it. Never rejects. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.waiting === 0) return
    if (!this.#target.isReady()) {
      this.#arm()
      return
    }
    const groups = new Map<string, TraceGroup>()
    // The step that began the chain names the group, not one that joins it.
    for (const { group } of this.#traces.values()) if (!groups.has(group.id)) groups.set(group.id, group)
    const allowance = this.#saveUp()
    dropOldest(this.#traces, allowance)
    dropOldest(this.#logs, allowance)
    this.#saved -= Math.max(this.#traces.size, this.#logs.size)
    const kept = new Set(Array.from(this.#traces.values(), ({ group }) => group.id))
    const batch = {
      // Every trace has its group with it: by the groups it is found, and in time removed.
      groups: [...groups.values()].filter(({ id }) => kept.has(id)),
      traces: Array.from(this.#traces.values(), ({ trace }) => trace),
      logs: [...this.#logs.values()],
    }
    this.#traces.clear()
    this.#logs.clear()
    this.#writing = this.#write(batch).finally(() => {
      this.#writing = undefined
    })
    await this.#writing
  }

  /** How many traces, and as many log lines, may go out now; at least one. */
  #saveUp(): number {
    const now = performance.now()
    const gained = ((now - this.#savedAt) / 1_000) * this.#limit * SHARE_PER_SECOND
    this.#saved = Math.min(this.#limit, this.#saved + gained)
    this.#savedAt = now
    return Math.max(1, Math.floor(this.#saved))
  }

  async #write(batch: FeedBatch): Promise<void> {
    try {
      await this.#target.write(batch)
      this.#say(false)
    } catch {
      this.#say(true)
    }
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_INTERVAL_MS).unref()
  }

  #bound(): void {
    const dropped = dropOldest(this.#traces, this.#limit) + dropOldest(this.#logs, this.#limit)
    // While a write is under way, what comes in fits the buffer unless the target is slow.
    if (dropped > 0 && (this.#writing || !this.#target.isReady())) this.#say(true)
  }

  #say(isLosing: boolean): void {
    if (isLosing === this.#isLosing) return
    this.#isLosing = isLosing
    if (isLosing) console.warn('Traces and logs for the Workbench are being dropped: Redis does not take them')
    else console.info('Traces and logs for the Workbench are kept again')
  }
}
