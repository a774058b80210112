import { isDeepStrictEqual } from 'node:util'
import { type MotiaPluginBuilder, StreamAdapter } from 'motia'
import type { QueueInspector } from './inspector'
import { registerQueuesApi } from './queues-api'
import { type TabQueue, tabQueues } from './queues-view'

/** The stream that the Queues tab joins. All queues are in its group `default`. */
const STREAM = '__motia.bullmq-queues'
const GROUP = 'default'

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
    lockedData.createStream({
      filePath: `${STREAM}.ts`,
      hidden: true,
      config: {
        name: STREAM,
        schema: { type: 'null' },
        baseConfig: { storageType: 'custom', factory: () => stream },
      },
    })()
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

/**
 * The queues that open Workbenches show. Motia replaces `set` and `delete` of a stream's adapter by versions that also
 * push to the pages. An item is pushed as new if `get` does not return it. So this keeps the pushed items, and
 * `refresh` sets those that changed.
 */
class QueuesStream extends StreamAdapter<TabQueue> {
  readonly #inspector: QueueInspector
  readonly #shown = new Map<string, TabQueue>()
  #refreshing: Promise<void> | undefined

  constructor(inspector: QueueInspector) {
    super(STREAM)
    this.#inspector = inspector
  }

  /** Pushes what changed since the last refresh. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async #refresh(): Promise<void> {
    const queues = tabQueues(this.#inspector.queues(), await this.#inspector.deadLetters.counts())
    const ids = new Set(queues.map(({ id }) => id))
    for (const queue of queues) {
      if (!isDeepStrictEqual(queue, this.#shown.get(queue.id))) await this.set(GROUP, queue.id, queue)
    }
    for (const id of this.#shown.keys()) if (!ids.has(id)) await this.delete(GROUP, id)
  }

  /** Motia calls this when a Workbench joins. */
  override async getGroup(): Promise<TabQueue[]> {
    await this.refresh()
    return [...this.#shown.values()]
  }

  override async get(_groupId: string, id: string): Promise<TabQueue | null> {
    return this.#shown.get(id) ?? null
  }

  override async set(_groupId: string, id: string, queue: TabQueue): Promise<TabQueue> {
    this.#shown.set(id, queue)
    return queue
  }

  override async delete(_groupId: string, id: string): Promise<TabQueue | null> {
    const queue = this.#shown.get(id) ?? null
    this.#shown.delete(id)
    return queue
  }
}
