import { isDeepStrictEqual } from 'node:util'
import { StreamAdapter } from 'motia'
import { GROUP, RESET } from './live'

/** If more items change at once, the pages subscribe again and get all items in one message. */
const MOST_SINGLE_CHANGES = 50

/**
 * A Motia stream of items that are stored elsewhere. `show` compares them with those that the pages have, and pushes
 * the difference. Motia wraps `set` and `delete`, and pushes their items to the subscribed pages.
 */
export class ItemStream<Item extends { id: string }> extends StreamAdapter<Item> {
  #items = new Map<string, Item>()

  /** Replaces the shown items. */
  async show(items: readonly Item[]): Promise<void> {
    const ids = new Set(items.map(({ id }) => id))
    const gone = [...this.#items.keys()].filter((id) => !ids.has(id))
    const changed = items.filter((item) => !isDeepStrictEqual(item, this.#items.get(item.id)))
    if (gone.length + changed.length > MOST_SINGLE_CHANGES) {
      this.#items = new Map(items.map((item) => [item.id, item]))
      await this.send({ groupId: GROUP }, { type: RESET, data: null })
      return
    }
    for (const id of gone) await this.delete(GROUP, id)
    for (const item of changed) await this.set(GROUP, item.id, item)
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
