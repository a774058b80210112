import type { QueuedEvent } from '../engine/engine'

/** An event that is stored together with the change that caused it, until it is settled. */
export interface OwedEvent {
  /** Identifies the event: two with the same id are the same event. */
  id: string
  topic: string
  data: unknown
  /** The trace of the change, which the event continues. Without it, the event begins a trace. */
  traceId?: string | undefined
}

/** The project's store of owed events. */
export interface Outbox {
  /** Returns every owed event, page by page. */
  owed(): AsyncIterable<readonly OwedEvent[]>
  /** Removes settled events. The write may wait `patienceMs` to be shared with others. */
  settle(events: readonly QueuedEvent[], patienceMs: number): Promise<void>
}
