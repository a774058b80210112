import { randomUUID } from 'node:crypto'
import type { Step } from 'motia'
import type { Trace, TraceGroup, WorkbenchFeed } from './workbench-feed'

/** How many events of a run are kept, so that one run cannot fill the memory. */
const MOST_EVENTS = 1_000

interface Logging {
  addListener(listener: (level: string, message: string, details?: unknown) => void): void
}

/** Records one run of a step in memory. The feed writes it in the background. */
export class StepTracer {
  readonly #group: TraceGroup
  readonly #trace: Trace

  constructor(
    private readonly feed: WorkbenchFeed,
    traceId: string,
    step: Step,
    logger: Logging,
  ) {
    const { type, name } = step.config
    const startTime = Date.now()
    this.#group = { id: traceId, name, startTime }
    this.#trace = {
      id: randomUUID(),
      name,
      parentTraceId: traceId,
      status: 'running',
      startTime,
      entryPoint: { type, stepName: name },
      events: [],
    }
    logger.addListener((level, message, metadata) => this.#note({ type: 'log', level, message, metadata }))
    this.feed.trace(this.#group, this.#trace)
  }

  /** Records the end of the step, with an error or without. Only the first call counts. */
  async end(error?: Trace['error']): Promise<void> {
    if (this.#trace.endTime !== undefined) return
    this.#trace.endTime = Date.now()
    this.#trace.status = error ? 'failed' : 'completed'
    if (error) this.#trace.error = { message: error.message, code: error.code, stack: error.stack }
    this.feed.trace(this.#group, this.#trace)
  }

  async stateOperation(operation: string, data: unknown): Promise<void> {
    this.#note({ type: 'state', operation, data })
  }

  async emitOperation(topic: string, data: unknown, success: boolean): Promise<void> {
    this.#note({ type: 'emit', topic, success, data })
  }

  async streamOperation(streamName: string, operation: string, data: unknown): Promise<void> {
    this.#note({ type: 'stream', streamName, operation, data, calls: 1 })
  }

  #note(event: Record<string, unknown>): void {
    const { events } = this.#trace
    if (events.length > MOST_EVENTS) return
    const last = { type: 'log', level: 'warn', message: `Only the first ${MOST_EVENTS} events of this run are kept` }
    events.push({ timestamp: Date.now(), ...(events.length < MOST_EVENTS ? event : last) })
    this.feed.trace(this.#group, this.#trace)
  }
}
