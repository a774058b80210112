import { isDeepStrictEqual } from 'node:util'
import { type MotiaPluginContext, StreamAdapter } from 'motia'

/** If more items change at once, the pages subscribe again and get all items in one message. */
const MOST_SINGLE_CHANGES = 50

/** How the pages of a Workbench know a stream. */
export interface ItemStreamOptions {
  name: string
  /** The one group that has all items. */
  group: string
  /** The type of the event that makes the pages subscribe again. Default: each change is pushed alone. */
  reset?: string
}

/**
 * A stream of a Workbench plugin, of items that are stored elsewhere. `show` compares them with those that the pages
 * have, and pushes the difference. Motia wraps `set` and `delete`, and pushes their items to the subscribed pages: as a
 * new one if `get` does not return it.
 */
export class ItemStream<Item extends { id: string }> extends StreamAdapter<Item> {
  #items = new Map<string, Item>()

  constructor(private readonly options: ItemStreamOptions) {
    super(options.name)
  }

  /** Registers the stream with Motia. */
  register(lockedData: MotiaPluginContext['lockedData']): void {
    const { name } = this.options
    const factory = () => this
    // Motia wraps what its own factory returns.
    lockedData.createStream({
      filePath: `${name}.ts`,
      hidden: true,
      config: { name, schema: { type: 'null' }, baseConfig: { storageType: 'custom', factory } },
    })()
  }

  /** Replaces the shown items. */
  async show(items: readonly Item[]): Promise<void> {
    const { group, reset } = this.options
    const ids = new Set(items.map(({ id }) => id))
    const gone = [...this.#items.keys()].filter((id) => !ids.has(id))
    const changed = items.filter((item) => !isDeepStrictEqual(item, this.#items.get(item.id)))
    if (reset !== undefined && gone.length + changed.length > MOST_SINGLE_CHANGES) {
      this.#items = new Map(items.map((item) => [item.id, item]))
      await this.send({ groupId: group }, { type: reset, data: null })
      return
    }
    for (const id of gone) await this.delete(group, id)
    for (const item of changed) await this.set(group, item.id, item)
  }

  /** Returns the shown items. Motia calls this when a page subscribes. */
  override async getGroup(): Promise<Item[]> {
    return [...this.#items.values()]
  }

  override async get(_groupId: string, id: string): Promise<Item | null> {
    return this.#items.get(id) ?? null
  }

  override async set(_groupId: string, id: string, item: Item): Promise<Item> {
    this.#items.set(id, item)
    return item
  }

  override async delete(_groupId: string, id: string): Promise<Item | null> {
    const item = this.#items.get(id) ?? null
    this.#items.delete(id)
    return item
  }
}
