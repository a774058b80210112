import { setTimeout as sleep } from 'node:timers/promises'

/** How long a condition may take, its name in the error, and how often it is checked. Times in ms. */
export interface WaitOptions {
  what?: string
  timeout?: number
  interval?: number
  /** Returns what was seen instead, for the error when the time is up. */
  seen?: () => unknown
}

/**
 * Resolves to the first value of `look` that is not false, null or undefined. An error of `look` counts as "not yet". Rejects
 * when the time is up, with what was awaited, what was seen and the last error.
 */
export const waitFor = async <T>(
  look: () => T | Promise<T>,
  { what = 'the condition', timeout = 10_000, interval = 20, seen }: WaitOptions = {},
): Promise<Exclude<T, false | null | undefined>> => {
  const deadline = Date.now() + timeout
  let failure: unknown
  for (;;) {
    try {
      const value = await look()
      if (isThere(value)) return value
      failure = undefined
    } catch (error) {
      failure = error
    }
    if (Date.now() > deadline) {
      const instead = seen ? `; seen instead:\n${show(seen())}` : ''
      throw new Error(`Waited ${timeout} ms in vain for ${what}${instead}`, { cause: failure })
    }
    await sleep(interval)
  }
}

const isThere = <T>(value: T): value is Exclude<T, false | null | undefined> =>
  value !== false && value !== null && value !== undefined

const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value, null, 2))
