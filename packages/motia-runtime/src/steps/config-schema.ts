import { inspect } from 'node:util'
import { z } from 'zod'
import { errorMessage } from '../errors'

/** The schemas of all keys of a config type. */
export type ShapeOf<T> = Record<keyof NonNullable<T>, z.ZodType>

/** Returns the schema of an object without other keys, so that a misspelt key is an error. */
export const strict = <T extends z.ZodRawShape>(shape: T) =>
  z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined
      const names = issue.keys.map((key) => `"${key}"`).join(', ')
      return `unknown key ${names} (known: ${Object.keys(shape).join(', ')})`
    },
  })

/** Returns the schema of a text that `check` accepts. If `check` throws, the error's message is the problem. */
export const checked = (check: (text: string) => void) =>
  z.string().superRefine((text, context) => {
    try {
      check(text)
    } catch (error) {
      context.addIssue(errorMessage(error))
    }
  })

/** Returns the schema of a list without duplicates. */
export const unique = (items: z.ZodType<string>) =>
  z.array(items).refine((list) => new Set(list).size === list.length, 'contains a duplicate')

/** The schema of a function. */
export const fn = z.custom((value) => typeof value === 'function', 'must be a function')

/** The schema of a value that is checked elsewhere. */
export const other = z.unknown().optional()

/** Returns a line for each issue: the key, the problem and the value. */
export const issueLines = (issues: z.core.$ZodIssue[], config: unknown): string[] =>
  issues.map(({ path, message, code }) => {
    const place = path.length > 0 ? `${path.join('.')}: ` : ''
    if (code === 'unrecognized_keys') return place + message
    // A topic may be an object with that topic.
    const value = path.reduce<unknown>((part, key) => (typeof part === 'object' ? Object(part)[key] : part), config)
    if (value === undefined) return `${place}is missing`
    if (message.includes(`"${value}"`)) return place + message
    return `${place}${message} (is ${inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY })})`
  })
