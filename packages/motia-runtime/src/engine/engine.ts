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
import { z } from 'zod'
import type { CronLeases } from '../cron/cron-leases'
import type { FeedTarget } from '../traces/workbench-feed'

/** An event as the queues store it. */
export const queuedEventSchema = z.object({
  id: z.string().optional(),
  topic: z.string(),
  data: z.unknown(),
  traceId: z.string(),
  flows: z.array(z.string()).optional(),
})

/**
 * An event for the steps that subscribe to its topic. An event that an outbox owes has an `id`. The engine does not
 * queue an `id` that is queued already.
 */
export type QueuedEvent = z.infer<typeof queuedEventSchema>

/** Handles the events of a step. */
export type EventHandler = (event: Event<unknown>) => void | Promise<void>

/** Returns a handler of typed events as one of any events: the step itself checks the data that it gets. */
export const untyped = <TData>(handler: (event: Event<TData>) => void | Promise<void>): EventHandler =>
  handler as EventHandler

/** The suffix of the name of a queue's dead letters, as in Motia. */
export const DLQ_SUFFIX = '.dlq'

/** A dead letter as a file stores it. `reason` is the message of the last error. Times are epoch ms. */
export const deadLetterSchema = z.object({
  id: z.string(),
  queue: z.string(),
  event: queuedEventSchema,
  reason: z.string(),
  failedAt: z.number(),
  attempts: z.number(),
})

/** A message without attempts left. A queue's name is `<topic>.<Step>`. */
export type DeadLetter = z.infer<typeof deadLetterSchema>

/** The dead letters of all queues. They survive a restart. */
export interface DeadLetters {
  list(): Promise<DeadLetter[]>
  /** Returns the number of dead letters of each queue that has any. */
  counts(): Promise<Map<string, number>>
  /** Queues the message again, with all its attempts. Returns false if the dead letter does not exist. */
  retry(id: string): Promise<boolean>
  /** Removes the dead letter. Returns false if it does not exist. */
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

/** Thrown if an event cannot be queued: its data is not JSON, or the queues do not respond. */
export class EmitError extends Error {
  override readonly name = 'EmitError'
}

/** Motia's event adapter, with additions for an outbox. */
export interface EngineEvents extends EventAdapter {
  /**
   * Queues the event for each subscriber of its topic, and resolves once it is queued. Rejects with an `EmitError` if
   * it cannot be queued, for example because its data is not JSON.
   */
  emit<TData>(event: Event<TData> & { id?: string }): Promise<void>
  /**
   * Calls `listener` with each event that has an `id` once its outbox can forget it: the queues keep it in a crash, or
   * each subscriber has handled it or its dead letter is on disk.
   */
  onSettled(listener: (event: QueuedEvent) => void): void
  /**
   * Returns the ids of the events in the queues of other servers, which this engine would otherwise queue again. An
   * engine with shared queues does not need this method.
   */
  queuedElsewhere?(): Promise<ReadonlySet<string>>
}

/** Motia's streams, which push to the pages of the Workbench. */
export interface OpenWorkbench {
  getStreams: LockedData['getStreams']
  /** Whether a page is open. */
  isWatched(): boolean
  /** Sends all items of a stream's group to the pages that show it. */
  sendAll(streamName: string, groupId: string): void
}

/**
 * Provides events, cron leases, state, streams and traces. `embedded` keeps them in this process and its data folder,
 * `bullmq` in a Redis that several servers share.
 */
export interface Engine {
  readonly events: EngineEvents
  readonly leases: CronLeases
  readonly state: StateAdapter
  readonly streams: StreamAdapterManager
  readonly deadLetters: DeadLetters
  /** Where traces and log lines for the Workbench go. */
  readonly feed: FeedTarget
  /** Makes `feed` push to an open Workbench too. Called once, when Motia's server exists. */
  attachWorkbench(workbench: OpenWorkbench): void
  /**
   * Returns Motia's own stream of that name (`motia-trace`, `motia-trace-group`, `__motia.logs`); undefined for other
   * names.
   */
  workbenchStream(name: string): StreamAdapter<unknown> | undefined
  /** Returns the Workbench's Queues tab for these queues. */
  queuesTab(context: MotiaPluginContext): MotiaPlugin
  queues(): Promise<QueueCounts[]>
  /** Returns a text for `/health` that says what does not work; null if everything works. */
  problem(): string | null
  /** Calls `listener` when the engine works again after a problem. */
  onRecovered(listener: () => void): void
  /** Starts delivering events that an earlier process left. Called once all steps have subscribed. */
  start(): Promise<void>
  /** Closes files and connections. Called after `events.shutdown()`. */
  close(): Promise<void>
}
