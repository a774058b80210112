import type { Event } from 'motia'
import type { EngineEvents, QueuedEvent } from '../../src/engine/engine'

const notUsed = () => Promise.reject(new Error('The relay does not do that'))

/** An engine that only records what is emitted. The test decides when an event is settled and when the engine recovers. */
export class FakeEngine {
  readonly emitted: Event<unknown>[] = []
  /** The error with which `emit` rejects, while it is set. */
  failure: Error | null = null
  /** The ids of the events in the queues of other servers. */
  readonly elsewhere = new Set<string>()
  settle: (event: QueuedEvent) => void = () => {}
  recover: () => void = () => {}

  readonly events: EngineEvents = {
    emit: async (event) => {
      if (this.failure) throw this.failure
      this.emitted.push(event)
    },
    onSettled: (listener) => {
      this.settle = listener
    },
    queuedElsewhere: async () => this.elsewhere,
    subscribe: notUsed,
    unsubscribe: notUsed,
    shutdown: notUsed,
    getSubscriptionCount: notUsed,
    listTopics: notUsed,
  }

  onRecovered(listener: () => void): void {
    this.recover = listener
  }
}
