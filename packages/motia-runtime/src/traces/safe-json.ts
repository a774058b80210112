import { errorMessage } from '../errors'

/**
 * Returns any value as JSON. What JSON cannot express (a BigInt, a cycle, a getter that throws) becomes a text. Never
 * throws.
 */
export const safeJson = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? 'null'
  } catch {
    return JSON.stringify(plain(value, [])) ?? 'null'
  }
}

/** Returns a copy that JSON can express. `parents` are the objects that contain the value. */
const plain = (value: unknown, parents: readonly object[]): unknown => {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return value
  if (parents.includes(value)) return '[circular]'
  const inner = [...parents, value]
  try {
    if ('toJSON' in value && typeof value.toJSON === 'function') return plain(value.toJSON(), inner)
    if (Array.isArray(value)) return value.map((item) => plain(item, inner))
    return Object.fromEntries(Object.keys(value).map((key) => [key, plain(Reflect.get(value, key), inner)]))
  } catch (error) {
    return `[unreadable: ${errorMessage(error)}]`
  }
}
