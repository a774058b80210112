import type { StateAdapter, StateFilter, StateItem, StateItemsInput } from 'motia'
import { JsonGroups } from './json-groups'

type Value = StateItem['value']

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

  async items({ groupId, filter = [] }: StateItemsInput): Promise<StateItem[]> {
    const groups = groupId ? [groupId] : this.#values.groups()
    const items = groups.flatMap((group) =>
      this.#values.keys(group).map((key) => {
        const value = this.#values.get<Value>(group, key)
        return { groupId: group, key, type: typeOf(value), value }
      }),
    )
    return items.filter((item) => filter.every((condition) => matches(item, condition)))
  }
}

const typeOf = (value: Value): StateItem['type'] => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'number') return 'number'
  return typeof value === 'boolean' ? 'boolean' : 'object'
}

/** How the States tab compares a field with the text of a filter. */
const COMPARISONS: Record<StateFilter['operation'], (field: unknown, wanted: string) => boolean> = {
  eq: (field, wanted) => String(field) === wanted,
  neq: (field, wanted) => String(field) !== wanted,
  gt: (field, wanted) => Number(field) > Number(wanted),
  gte: (field, wanted) => Number(field) >= Number(wanted),
  lt: (field, wanted) => Number(field) < Number(wanted),
  lte: (field, wanted) => Number(field) <= Number(wanted),
  contains: (field, wanted) => String(field ?? '').includes(wanted),
  notContains: (field, wanted) => !String(field ?? '').includes(wanted),
  startsWith: (field, wanted) => String(field ?? '').startsWith(wanted),
  endsWith: (field, wanted) => String(field ?? '').endsWith(wanted),
  isNull: (field) => field === null || field === undefined,
  isNotNull: (field) => field !== null && field !== undefined,
}

const matches = ({ key, value }: StateItem, { valueKey, operation, value: wanted }: StateFilter): boolean => {
  const field = typeof value === 'object' && value !== null ? Reflect.get(value, valueKey) : undefined
  const compare = COMPARISONS[operation]
  return compare(field, wanted) || (valueKey === 'key' && compare(key, wanted))
}
