/**
 * Returns how many runs there can be, at these times (epoch ms), of a cron step that is due every second, if each tick is run
 * once. A run may be late at the beginning, so that the next one comes sooner than a second later, and likewise at the end.
 */
export const mostRuns = (times: readonly number[]): number => (Math.max(...times) - Math.min(...times)) / 1_000 + 3
