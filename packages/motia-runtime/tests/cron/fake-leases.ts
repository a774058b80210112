import type { CronLeases, CronRun } from '../../src/cron/cron-leases'

/** Leases that several schedulers of a test share, as servers share a folder. */
export class FakeLeases implements CronLeases {
  /** The ticks that were run to their end, in that order. */
  readonly ended: number[] = []
  /** The tick that is being run, by step. */
  readonly held = new Map<string, number>()
  readonly #done = new Map<string, number>()
  /** The error with which `begin` and `lastTick` reject, while it is set. */
  failure: Error | null = null

  async begin(step: string, tick: number): Promise<CronRun | 'held' | 'done'> {
    if (this.failure) throw this.failure
    if (this.held.has(step)) return 'held'
    if ((this.#done.get(step) ?? 0) >= tick) return 'done'
    this.held.set(step, tick)
    return {
      end: async () => {
        this.markDone(step, tick)
        this.free(step)
      },
      release: async () => this.free(step),
    }
  }

  async lastTick(step: string): Promise<number | null> {
    if (this.failure) throw this.failure
    return this.#done.get(step) ?? null
  }

  /** Records that the tick was run, as by another server. */
  markDone(step: string, tick: number): void {
    this.ended.push(tick)
    this.#done.set(step, tick)
  }

  /** Frees the lease, as when the server that holds it dies. */
  free(step: string): void {
    this.held.delete(step)
  }
}
