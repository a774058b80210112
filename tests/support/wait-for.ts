import { setTimeout as sleep } from 'node:timers/promises'

/** How long a condition may take, what it is called in the error, and how often it is looked at. Times in ms. */
export interface WaitOptions {
  what?: string
  timeout?: number
  interval?: number
  /** Told when the time is over: what was seen instead. */
  seen?: () => unknown
}

/**
 * The first value of `look` that is neither false, null nor undefined. What `look` throws counts as "not yet". Rejects when
 * the time is over, with what was waited for, what was seen and the last error.
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
