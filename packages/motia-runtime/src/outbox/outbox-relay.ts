import type { Engine, QueuedEvent } from '../engine/engine'
import { newTraceId } from '../steps/trace-id'
import type { Outbox } from './outbox'

/** How often the outbox is searched for events that nobody has emitted, in ms. */
const SWEEP_INTERVAL_MS = 15_000

/** How long settled events are collected before they are removed from the outbox, in ms. */
const BATCH_MS = 20

/** How long the removal may wait for other writes to share, in ms. */
const PATIENCE_MS = 500

/** How long until a failed sweep or removal is tried again, in ms. */
const RETRY_MS = 2_000

/** What the relay needs. `outbox` returns the current outbox, since hot reload may replace it. */
export interface OutboxRelayOptions {
  engine: Pick<Engine, 'events' | 'onRecovered'>
  outbox: () => Outbox
}

/**
 * Emits events of an outbox that no step has emitted, because the server died or the queues refused them, and removes
 * settled events from the outbox. At a start and after a recovery it emits every owed event, later those that two
 * sweeps in a row find.
 */
export class OutboxRelay {
  readonly #settled = new Map<string, QueuedEvent>()
  #seen = new Set<string>()
  #sweepTimer: NodeJS.Timeout | undefined
  #settleTimer: NodeJS.Timeout | undefined
  #sweeping: Promise<void> | undefined
  #settling: Promise<void> | undefined
  #isStopped = false

  constructor(private readonly options: OutboxRelayOptions) {
    options.engine.events.onSettled((event) => {
      if (event.id === undefined) return
      this.#settled.set(event.id, event)
      this.#settleIn(BATCH_MS)
    })
    options.engine.onRecovered(() => this.#sweepNow('all'))
  }

  /** Emits every owed event, and searches for more at intervals. */
  start(): void {
    this.#sweepNow('all')
  }

  /** Stops searching, and removes the settled events from the outbox. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#sweepTimer)
    await this.#sweeping
    clearTimeout(this.#settleTimer)
    await this.#settling
    await this.#settle(0)
  }

  #sweepNow(which: 'all' | 'seen'): void {
    if (this.#isStopped) return
    clearTimeout(this.#sweepTimer)
    this.#sweeping = (this.#sweeping ?? Promise.resolve())
      .then(() => this.sweep(which))
      .then(
        () => this.#sweepIn(SWEEP_INTERVAL_MS, 'seen'),
        // A store or queue that does not respond now has said so elsewhere.
        () => this.#sweepIn(RETRY_MS, which),
      )
  }

  #sweepIn(ms: number, which: 'all' | 'seen'): void {
    clearTimeout(this.#sweepTimer)
    if (!this.#isStopped) this.#sweepTimer = setTimeout(() => this.#sweepNow(which), ms).unref()
  }

  /** Emits the owed events: all of them, or those that the last sweep saw too. */
  async sweep(which: 'all' | 'seen'): Promise<void> {
    const { engine, outbox } = this.options
    // Ask this first: if another server finishes an event afterwards, it is settled before the next sweep.
    const elsewhere = await engine.events.queuedElsewhere?.()
    const seen = new Set<string>()
    let count = 0
    for await (const events of outbox().owed()) {
      for (const { id, topic, data, traceId = newTraceId() } of events) {
        if (this.#settled.has(id) || elsewhere?.has(id)) continue
        seen.add(id)
        if (which === 'seen' && !this.#seen.has(id)) continue
        // The engine ignores an event that it already has.
        await engine.events.emit({ id, topic, data, traceId })
        count += 1
      }
      if (this.#isStopped) break
    }
    this.#seen = seen
    if (count > 0 && which === 'all')
      console.info(`${count} ${count === 1 ? 'event' : 'events'} still owed: emitted again`)
  }

  #settleIn(ms: number): void {
    if (this.#isStopped || this.#settling || this.#settleTimer) return
    this.#settleTimer = setTimeout(() => {
      this.#settleTimer = undefined
      this.#settling = this.#settle().then((isDone) => {
        this.#settling = undefined
        if (this.#settled.size > 0) this.#settleIn(isDone ? BATCH_MS : RETRY_MS)
      })
    }, ms)
  }

  /** Returns whether the store accepted the removal. If not, the store reports the reason. */
  async #settle(patienceMs = PATIENCE_MS): Promise<boolean> {
    const batch = [...this.#settled.values()]
    if (batch.length === 0) return true
    try {
      await this.options.outbox().settle(batch, patienceMs)
      for (const { id = '' } of batch) this.#settled.delete(id)
      return true
    } catch {
      return false
    }
  }
}
