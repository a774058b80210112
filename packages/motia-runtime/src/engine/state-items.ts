import type { StateFilter, StateItem } from 'motia'

type Value = StateItem['value']

/**
 * Returns the items of a group that match every filter, as the States tab shows them. `entries` are its keys and
 * values.
 */
export const stateItems = (
  groupId: string,
  entries: readonly (readonly [key: string, value: Value])[],
  filter: readonly StateFilter[] = [],
): StateItem[] =>
  entries
    .map(([key, value]) => ({ groupId, key, type: typeOf(value), value }))
    .filter((item) => filter.every((condition) => matches(item, condition)))

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
