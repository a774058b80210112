import { type BaseStreamItem, StreamAdapter, type StreamAdapterManager } from 'motia'
import { JsonGroups } from './json-groups'

/**
 * A stream in the memory of this process. Unlike Motia's own `MemoryStreamAdapter`, it distinguishes group `1` from
 * group `10`, accepts ids with colons, and returns copies.
 */
export class MemoryStream<TData> extends StreamAdapter<TData> {
  /** `items` contains the items of the stream. Several adapters may share it. */
  constructor(
    streamName: string,
    private readonly items: JsonGroups = new JsonGroups(),
  ) {
    super(streamName)
  }

  async get(groupId: string, id: string): Promise<BaseStreamItem<TData> | null> {
    return this.items.get(groupId, id)
  }

  async set(groupId: string, id: string, data: TData): Promise<BaseStreamItem<TData>> {
    const item = { ...data, id }
    this.items.setText(groupId, id, JSON.stringify(item))
    return item
  }

  async delete(groupId: string, id: string): Promise<BaseStreamItem<TData> | null> {
    return this.items.delete(groupId, id)
  }

  async getGroup(groupId: string): Promise<BaseStreamItem<TData>[]> {
    return this.items.values(groupId)
  }

  override async clear(groupId: string): Promise<void> {
    this.items.deleteGroup(groupId)
  }
}

/** The project's streams, in the memory of this process. */
export const memoryStreams: StreamAdapterManager = {
  createStream: (streamName) => new MemoryStream(streamName),
}
