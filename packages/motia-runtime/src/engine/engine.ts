import type {
  Event,
  EventAdapter,
  LockedData,
  MotiaPlugin,
  MotiaPluginContext,
  StateAdapter,
  StreamAdapter,
  StreamAdapterManager,
} from 'motia'
import type { CronLeases } from '../cron/cron-leases'
import type { FeedTarget } from '../traces/workbench-feed'

/**
 * An event on its way to the steps that subscribe to its topic. `id` is there if an outbox owes the event: two events of one
 * id are the same event, and the engine delivers it once while it is queued.
 */
export interface QueuedEvent {
  id?: string
  topic: string
  data: unknown
  traceId: string
  flows?: string[]
}

/** Where a message goes whose attempts are used up: a queue's name is `<topic>.<Step>`. Times are epoch ms. */
export interface DeadLetter {
  id: string
  queue: string
  event: QueuedEvent
  /** The message of the last error. */
  reason: string
  failedAt: number
  attempts: number
}

/** The messages that failed for good, of all queues. They survive a restart. */
export interface DeadLetters {
  list(): Promise<DeadLetter[]>
  /** Returns how many there are of each queue that has any. */
  counts(): Promise<Map<string, number>>
  /** Queues the message again, with all its attempts; false if there is no such dead letter. */
  retry(id: string): Promise<boolean>
  /** Removes it for good; false if there is no such dead letter. */
  discard(id: string): Promise<boolean>
}

/** How many messages of a queue are in each state. */
export interface QueueCounts {
  name: string
  waiting: number
  active: number
  delayed: number
  completed: number
  failed: number
}

/** An event that the engine does not take: its data is not JSON, or the queues do not answer. */
export class EmitError extends Error {
  override readonly name = 'EmitError'
}

/** Motia's event adapter, and what an outbox needs beside it. */
export interface EngineEvents extends EventAdapter {
  /**
   * Queues the event for each subscriber of its topic, and resolves once it is queued. Rejects with an `EmitError` if it is
   * not: always if its data cannot be JSON.
   */
  emit<TData>(event: Event<TData> & { id?: string }): Promise<void>
  /**
   * Calls `listener` with each event that has an `id` once its outbox need not owe it any more: it is safe from a crash in
   * the queues, or every subscriber has handled it (or its dead letter is on disk).
   */
  onSettled(listener: (event: QueuedEvent) => void): void
  /**
   * The ids of the events that are in the queues of other servers, whose emits this engine would not recognise as the same. An
   * engine whose queues are shared needs no such method.
   */
  queuedElsewhere?(): Promise<ReadonlySet<string>>
}

/** What pushes to the pages of the Workbench: Motia's streams, as `createServer` has wrapped them. */
export interface OpenWorkbench {
  getStreams: LockedData['getStreams']
  /** Whether a page is open. */
  isWatched(): boolean
}

/**
 * What carries events, cron runs, state, streams and traces. `embedded` keeps them in this process and its data folder,
 * `bullmq` in a Redis that several servers share.
 */
export interface Engine {
  readonly kind: 'embedded' | 'bullmq'
  readonly events: EngineEvents
  readonly leases: CronLeases
  readonly state: StateAdapter
  readonly streams: StreamAdapterManager
  readonly deadLetters: DeadLetters
  /** Where traces and log lines for the Workbench go. */
  readonly feed: FeedTarget
  /** Lets `feed` push to an open Workbench too. Called once, as soon as Motia's server is there. */
  attachWorkbench(workbench: OpenWorkbench): void
  /** Motia's own stream of that name (`motia-trace`, `motia-trace-group`, `__motia.logs`); undefined for any other name. */
  workbenchStream(name: string): StreamAdapter<unknown> | undefined
  /** The Workbench's Queues tab on these queues. */
  queuesTab(context: MotiaPluginContext): MotiaPlugin
  queues(): Promise<QueueCounts[]>
  /** Null while all works; otherwise what does not, in words for `/health`. */
  problem(): string | null
  /** Calls `listener` when the engine works again after a problem. */
  onRecovered(listener: () => void): void
  /** Begins to deliver what an earlier process left, once all steps have subscribed. */
  start(): Promise<void>
  /** Lets go of files and connections. Called after `events.shutdown()`. */
  close(): Promise<void>
}
