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
export type FeedLine = Record<string, unknown> & { id: string }

/** The data of one flush. */
export interface FeedBatch {
  groups: TraceGroup[]
  traces: Trace[]
  logs: FeedLine[]
}

/** Stores traces and log lines for the Workbench. */
export interface FeedTarget {
  /** Returns whether a write can be tried now. */
  isReady(): boolean
  write(batch: FeedBatch): Promise<void>
}

/** How long traces and log lines are collected before they are written, in ms. */
const FLUSH_INTERVAL_MS = 250

/**
 * How long to wait for the running steps of a chain before writing it, in ms. The Tracing tab updates only the latest
 * chain: in others, a running step would be shown as running forever.
 */
const RUNNING_PATIENCE_MS = 1_000

/**
 * The part of `limit` that may be written per second under load. An idle feed saves up for a burst of `limit`. More
 * entries would be removed again within seconds, and would cost as much as the requests themselves.
 */
const SHARE_PER_SECOND = 0.25

/** Removes the oldest entries of a map beyond `size`, except those to keep. Returns their keys. */
export const dropOldest = <Key>(
  map: Map<Key, unknown>,
  size: number,
  mustKeep: (key: Key) => boolean = () => false,
): Key[] => {
  const dropped: Key[] = []
  for (const key of map.keys()) {
    if (map.size <= size) break
    if (mustKeep(key)) continue
    map.delete(key)
    dropped.push(key)
  }
  return dropped
}

/**
 * Collects traces and log lines for the Workbench, and writes them in batches in the background, so that no request
 * waits. If there are too many, or the target is slow or down, drops the oldest. Warns in one line if the target is the
 * reason.
 */
export class WorkbenchFeed {
  readonly #traces = new Map<string, { group: TraceGroup; trace: Trace }>()
  readonly #logs = new Map<string, FeedLine>()
  /** The ids of the traces that were last written as running. Their end must be written too. */
  readonly #shownRunning = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #isLosing = false
  #saved: number
  #savedAt = performance.now()

  /** Collects at most `limit` traces and `limit` log lines. 0 turns the feed off. */
  constructor(
    private readonly target: FeedTarget,
    private readonly limit: number,
  ) {
    this.#saved = limit
  }

  /** Whether traces and log lines are kept at all. */
  get isOn(): boolean {
    return this.limit > 0
  }

  /** How many traces and log lines are not written yet. */
  get waiting(): number {
    return this.#traces.size + this.#logs.size
  }

  /** Records a new or changed trace. */
  trace(group: TraceGroup, trace: Trace): void {
    if (this.limit === 0) return
    if (!this.#traces.has(trace.id)) {
      this.#traces.set(trace.id, { group, trace })
      this.#bound()
    }
    this.#arm()
  }

  /** Adds a log line. */
  log(line: Record<string, unknown>): void {
    if (this.limit === 0) return
    const id = randomUUID()
    this.#logs.set(id, { ...line, id })
    this.#bound()
    this.#arm()
  }

  /** Writes what is collected, if the target is ready. Never rejects. */
  flush(): Promise<void> {
    return this.#flush(false)
  }

  async #flush(isPatient: boolean): Promise<void> {
    while (this.#writing) await this.#writing
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.waiting === 0) return
    if (!this.target.isReady()) {
      this.#arm()
      return
    }
    const groups = new Map<string, TraceGroup>()
    // The first step of a chain names the group. Later steps do not.
    for (const { group } of this.#traces.values()) if (!groups.has(group.id)) groups.set(group.id, group)
    const early = isPatient ? this.#takeEarly(groups) : []
    const allowance = this.#saveUp()
    dropOldest(this.#traces, allowance, this.#mustKeep)
    dropOldest(this.#logs, allowance)
    this.#saved -= Math.max(this.#traces.size, this.#logs.size)
    const kept = new Set(Array.from(this.#traces.values(), ({ group }) => group.id))
    const batch = {
      // Write each trace with its group, by which it can be found and removed.
      groups: [...groups.values()].filter(({ id }) => kept.has(id)),
      traces: Array.from(this.#traces.values(), ({ trace }) => trace),
      logs: [...this.#logs.values()],
    }
    this.#traces.clear()
    this.#logs.clear()
    for (const { group, trace } of early) this.trace(group, trace)
    if (batch.traces.length + batch.logs.length === 0) return
    this.#writing = this.#write(batch).finally(() => {
      this.#writing = undefined
    })
    await this.#writing
  }

  /**
   * Removes and returns the traces of chains that began just now and still run. `groups` are all collected groups, by
   * id.
   */
  #takeEarly(groups: ReadonlyMap<string, TraceGroup>): { group: TraceGroup; trace: Trace }[] {
    const newest = Date.now() - RUNNING_PATIENCE_MS
    const waiting = [...this.#traces.values()]
    const running = new Set(waiting.flatMap(({ group, trace }) => (trace.status === 'running' ? group.id : [])))
    const early = waiting.filter(({ group: { id } }) => running.has(id) && (groups.get(id)?.startTime ?? 0) > newest)
    for (const { trace } of early) this.#traces.delete(trace.id)
    return early
  }

  readonly #mustKeep = (id: string): boolean => this.#shownRunning.has(id)

  /** Returns how many traces, and how many log lines, may be written now: at least one. */
  #saveUp(): number {
    const now = performance.now()
    const gained = ((now - this.#savedAt) / 1_000) * this.limit * SHARE_PER_SECOND
    this.#saved = Math.min(this.limit, this.#saved + gained)
    this.#savedAt = now
    return Math.max(1, Math.floor(this.#saved))
  }

  async #write(batch: FeedBatch): Promise<void> {
    const ended = batch.traces.filter(({ status }) => status !== 'running')
    const begun = batch.traces.filter(({ id, status }) => status === 'running' && !this.#shownRunning.has(id))
    // Before the write ends, because some traces may end meanwhile.
    for (const { id } of begun) this.#shownRunning.add(id)
    try {
      await this.target.write(batch)
      for (const { id } of ended) this.#shownRunning.delete(id)
      this.#say(false)
    } catch {
      for (const { id } of begun) this.#shownRunning.delete(id)
      this.#say(true)
      this.#waitAgain(batch)
    }
  }

  /** Handles a failed write: its data is lost, except the ends of runs that the Workbench shows as running. */
  #waitAgain({ groups, traces }: FeedBatch): void {
    for (const trace of traces.filter(({ id }) => this.#shownRunning.has(id))) {
      const group = groups.find(({ id }) => id === trace.parentTraceId)
      if (group) this.trace(group, trace)
    }
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => void this.#flush(true), FLUSH_INTERVAL_MS).unref()
  }

  #bound(): void {
    const dropped = [...dropOldest(this.#traces, this.limit, this.#mustKeep), ...dropOldest(this.#logs, this.limit)]
    // During a write everything fits, unless the target is slow.
    if (dropped.length > 0 && (this.#writing || !this.target.isReady())) this.#say(true)
  }

  #say(isLosing: boolean): void {
    if (isLosing === this.#isLosing) return
    this.#isLosing = isLosing
    if (isLosing) console.warn('Dropping traces and log lines for the Workbench, because they cannot be written now')
    else console.info('Traces and log lines for the Workbench can be written again')
  }
}
