import type { MotiaPluginBuilder } from 'motia'
import { ItemStream } from '../../workbench/item-stream'
import type { QueueInspector } from './inspector'
import { registerQueuesApi } from './queues-api'
import { type TabQueue, tabQueues } from './queues-view'

/** How often an open Workbench gets updates, in ms. */
const REFRESH_MS = 500

/**
 * Returns a plugin that shows the embedded queues in the Workbench's own Queues tab, which was made for BullMQ. It
 * serves the tab's HTTP API and its stream. `isWatched` says whether a Workbench is open.
 */
export const createQueuesTab =
  (inspector: QueueInspector, isWatched: () => boolean): MotiaPluginBuilder =>
  ({ registerApi, lockedData }) => {
    registerQueuesApi(registerApi, inspector)
    const stream = new QueuesStream(inspector)
    stream.register(lockedData)
    const refresh = () => {
      if (isWatched()) stream.refresh().catch((error) => console.error('The Queues tab was not updated:', error))
    }
    const timer = setInterval(refresh, REFRESH_MS).unref()
    return {
      workbench: [
        {
          packageName: '@motiadev/plugin-bullmq',
          cssImports: ['@motiadev/plugin-bullmq/dist/styles.css'],
          label: 'Queues',
          position: 'top',
          componentName: 'QueuesPage',
          labelIcon: 'layers',
        },
      ],
      onShutdown: async () => clearInterval(timer),
    }
  }

/** The queues that open Workbenches show. */
class QueuesStream extends ItemStream<TabQueue> {
  #refreshing: Promise<void> | undefined

  constructor(private readonly inspector: QueueInspector) {
    super({ name: '__motia.bullmq-queues', group: 'default' })
  }

  /** Pushes what changed since the last refresh. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  override async getGroup(): Promise<TabQueue[]> {
    await this.refresh()
    return super.getGroup()
  }

  async #refresh(): Promise<void> {
    await this.show(tabQueues(this.inspector.queues(), await this.inspector.deadLetters.counts()))
  }
}
