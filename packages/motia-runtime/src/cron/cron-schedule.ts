import { Cron } from 'croner'
import { errorMessage } from '../errors'

/** When a cron step runs. */
export interface CronSchedule {
  /** Returns the first tick after a time; null if there is none. Both are epoch ms. */
  next(after: number): number | null
  /** Returns the last tick at or before a time; null if there is none. Both are epoch ms. */
  last(until: number): number | null
}

/**
 * Returns the schedule of a cron expression of five fields, or of six with the seconds first, in the server's local
 * time. If a night skips the time of a tick, the tick comes at the next time that exists. Throws an error that contains
 * the expression.
 */
export const parseCron = (expression: string): CronSchedule => {
  let cron: Cron
  try {
    cron = new Cron(expression, { paused: true, mode: '5-or-6-parts' })
  } catch (error) {
    throw new Error(`the cron expression "${expression}" is invalid: ${errorMessage(error)}`)
  }
  return {
    next: (after) => cron.nextRun(new Date(after))?.getTime() ?? null,
    // Ticks are at whole seconds, and croner searches before the given time, so pass the next whole second.
    last: (until) => cron.previousRuns(1, new Date(Math.floor(until / 1_000) * 1_000 + 1_000))[0]?.getTime() ?? null,
  }
}
