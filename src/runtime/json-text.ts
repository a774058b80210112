/** Where a value keeps its JSON. A symbol of the global registry: the steps are bundled apart from the server. */
const JSON_TEXT = Symbol.for('motia-pet-store.json-text')

/**
 * Lets a value, which must never change from here on, be turned into JSON once, when it is first needed: by `makeText`, or
 * as `JSON.stringify` does. Answers the value.
 */
export const keepJsonText = <T extends object>(value: T, makeText: (value: T) => string = JSON.stringify): T => {
  let text: string | undefined
  Object.defineProperty(value, JSON_TEXT, {
    get: () => {
      text ??= makeText(value)
      return text
    },
  })
  return value
}

/** Where a value keeps the parts of its JSON. */
const JSON_PARTS = Symbol.for('motia-pet-store.json-parts')

/** The same for a value so long that its JSON had better be sent part by part, and may be longer than a string can be. */
export const keepJsonParts = <T extends object>(value: T, parts: readonly string[]): T => {
  Object.defineProperty(value, JSON_PARTS, { value: parts })
  return keepJsonText(value, () => parts.join(''))
}

/** The parts of its JSON that a value keeps; undefined where it keeps none. */
export const jsonParts = (value: unknown): readonly string[] | undefined => {
  if (typeof value !== 'object' || value === null || !(JSON_PARTS in value)) return undefined
  const parts = value[JSON_PARTS]
  return Array.isArray(parts) ? parts : undefined
}

/** The value as JSON: what it keeps, or what `JSON.stringify` makes of it, which is undefined for undefined. */
export const jsonText = (value: unknown): string | undefined => {
  if (typeof value === 'object' && value !== null && JSON_TEXT in value) {
    const text = value[JSON_TEXT]
    if (typeof text === 'string') return text
  }
  return JSON.stringify(value)
}
