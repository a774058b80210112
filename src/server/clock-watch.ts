import type { LockedData, MotiaServer } from 'motia'

/** How often the clock is looked at, in ms. */
const WATCH_INTERVAL_MS = 10_000

/** How far the clock must have been put back to count, in ms: more than a time service corrects in passing. */
const SET_BACK_MS = 1_000

/**
 * Registers the cron steps anew when the clock was put back: Motia's scheduler (node-cron) lets nothing run until the clock
 * has reached the time of the last run again. Answers the function that ends the watch.
 */
export const watchClock = (
  lockedData: Pick<LockedData, 'cronSteps'>,
  { removeCronJob, createCronJob }: MotiaServer['cronManager'],
): (() => void) => {
  const aheadOfUptime = () => Date.now() - performance.now()
  let last = aheadOfUptime()
  const timer = setInterval(() => {
    const ahead = aheadOfUptime()
    if (last - ahead > SET_BACK_MS) {
      console.warn('The clock was put back: cron steps start anew')
      for (const step of lockedData.cronSteps()) {
        removeCronJob(step)
        createCronJob(step)
      }
    }
    last = ahead
  }, WATCH_INTERVAL_MS).unref()
  return () => clearInterval(timer)
}
