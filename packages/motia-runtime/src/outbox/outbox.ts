import type { QueuedEvent } from '../engine/engine'

/** An event that was stored together with the change that caused it, until it cannot be lost any more. */
export interface OwedEvent {
  /** Tells this event from all others: two that have the same id are the same event. */
  id: string
  topic: string
  data: unknown
}

/** A project's store of the events that it owes. */
export interface Outbox {
  /** Returns every event that is owed, page by page. */
  owed(): AsyncIterable<readonly OwedEvent[]>
  /** Removes events that need not be owed any more. The write may wait `patienceMs` for others to share it with. */
  settle(events: readonly QueuedEvent[], patienceMs: number): Promise<void>
}
