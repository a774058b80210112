import type { StateAdapter, StateItem, StateItemsInput } from 'motia'
import { stateItems } from '../state-items'
import { JsonGroups } from './json-groups'

/**
 * Motia's state in the memory of this process. Unlike Motia's own `MemoryStateAdapter`, and like its Redis adapter, it
 * stores 0, false and '', distinguishes group `1` from group `10`, and returns copies.
 */
export class MemoryState implements StateAdapter {
  readonly #values = new JsonGroups()

  async get<T>(groupId: string, key: string): Promise<T | null> {
    return this.#values.get<T>(groupId, key)
  }

  async set<T>(groupId: string, key: string, value: T): Promise<T> {
    this.#values.setText(groupId, key, JSON.stringify(value) ?? 'null')
    return value
  }

  async delete<T>(groupId: string, key: string): Promise<T | null> {
    return this.#values.delete<T>(groupId, key)
  }

  async getGroup<T>(groupId: string): Promise<T[]> {
    return this.#values.values<T>(groupId)
  }

  async clear(groupId: string): Promise<void> {
    this.#values.deleteGroup(groupId)
  }

  async cleanup(): Promise<void> {}

  async keys(groupId: string): Promise<string[]> {
    return this.#values.keys(groupId)
  }

  async traceIds(): Promise<string[]> {
    return this.#values.groups()
  }

  async items({ groupId, filter }: StateItemsInput): Promise<StateItem[]> {
    const groups = groupId ? [groupId] : this.#values.groups()
    return groups.flatMap((group) => stateItems(group, this.#values.entries(group), filter))
  }
}
