import { type BaseStreamItem, StreamAdapter, type StreamAdapterManager } from 'motia'
import { JsonGroups } from './json-groups'

/**
 * A stream in this process. Unlike Motia's own `MemoryStreamAdapter` it tells group `1` from group `10`, takes ids with
 * colons, and hands out copies.
 */
export class MemoryStream<TData> extends StreamAdapter<TData> {
  readonly #items: JsonGroups

  /** `items` holds what is in the stream; several adapters may share it. */
  constructor(streamName: string, items = new JsonGroups()) {
    super(streamName)
    this.#items = items
  }

  async get(groupId: string, id: string): Promise<BaseStreamItem<TData> | null> {
    return this.#items.get(groupId, id)
  }

  async set(groupId: string, id: string, data: TData): Promise<BaseStreamItem<TData>> {
    const item = { ...data, id }
    this.#items.setText(groupId, id, JSON.stringify(item))
    return item
  }

  async delete(groupId: string, id: string): Promise<BaseStreamItem<TData> | null> {
    return this.#items.delete(groupId, id)
  }

  async getGroup(groupId: string): Promise<BaseStreamItem<TData>[]> {
    return this.#items.values(groupId)
  }

  override async clear(groupId: string): Promise<void> {
    this.#items.deleteGroup(groupId)
  }
}

/** The project's streams in this process: they end with it. */
export const memoryStreams: StreamAdapterManager = {
  createStream: (streamName) => new MemoryStream(streamName),
}
