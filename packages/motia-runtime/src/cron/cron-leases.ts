/**
 * How far ahead of now a tick may be that counts as run, in ms. A tick that is further ahead was run by a clock that was wrong,
 * and must not keep the step from running until then.
 */
export const FUTURE_TICK_MS = 60 * 60 * 1_000

/** The run of one tick of a cron step by this server. */
export interface CronRun {
  /** Notes durably that the tick has been run to its end. */
  end(): Promise<void>
  /** Gives the run up, so that another server may take it. */
  release(): Promise<void>
}

/**
 * Decides which of the servers that share a folder or a Redis runs a tick of a cron step. A tick is named by the time for
 * which it was scheduled (epoch ms), so servers whose clocks or timers differ a little mean the same tick.
 */
export interface CronLeases {
  /**
   * Begins the run of a tick. `held`: another living server runs a tick of that step now. `done`: this tick, or a later one,
   * has been run. Rejects if that cannot be told now.
   */
  begin(step: string, tick: number): Promise<CronRun | 'held' | 'done'>
  /** The latest tick of the step that was run to its end, epoch ms; null if none is remembered. */
  lastTick(step: string): Promise<number | null>
}
