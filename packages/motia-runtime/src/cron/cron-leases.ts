/**
 * How far in the future a finished tick may be, in ms. A tick beyond that was run while the clock was wrong, and must
 * not block the step until then.
 */
export const FUTURE_TICK_MS = 60 * 60 * 1_000

/** The run of one tick of a cron step by this server. */
export interface CronRun {
  /** Records durably that the tick was run to its end. */
  end(): Promise<void>
  /** Releases the run, so that another server can take it. */
  release(): Promise<void>
}

/**
 * Decides which of the servers that share a folder or a Redis runs a tick of a cron step. A tick is named by the time
 * for which it was scheduled (epoch ms), so servers with slightly different clocks name the same tick.
 */
export interface CronLeases {
  /**
   * Begins the run of a tick. Resolves to `held` if another live server runs a tick of that step now, and to `done` if
   * this tick or a later one was run. Rejects if the leases are unavailable.
   */
  begin(step: string, tick: number): Promise<CronRun | 'held' | 'done'>
  /** The latest tick of the step that was run to its end, epoch ms; null if none is remembered. */
  lastTick(step: string): Promise<number | null>
}
