/** How long a run is taken to live without a sign of life, in ms. A reaper's claims have run out by then. */
const ALIVE_MS = 13_000

/** How often a run gives a sign of life, and how often the others look for it, in ms. */
const SIGN_INTERVAL_MS = 2_000
const LOOK_INTERVAL_MS = 1_000

/**
 * How long it is remembered that a run has ended, in ms: until all who look for it have seen it, the last of whom come when
 * the tick's lock runs out, and less than the minute to the next one.
 */
const ENDED_MS = 45_000

/** What the instances tell each other of the runs of a cron step. Each rejects where that cannot be done now. */
export interface RunSigns {
  /** Notes that a run lives, for so many ms. */
  live(name: string, ms: number): Promise<unknown>
  /** Notes that it has ended, for so many ms. */
  end(name: string, ms: number): Promise<unknown>
  /** Takes a run over, as `live` would, if it neither lives nor has ended; tells otherwise which it is. */
  takeOver(name: string, ms: number): Promise<'taken' | 'lives' | 'ended'>
}

/** Lets an instance finish the run of a cron step that another has begun and died over. */
export class RunRelay {
  readonly #signs: RunSigns
  /** By the name of the run that is followed: the timer of the next look. */
  readonly #followed = new Map<string, NodeJS.Timeout>()
  #isStopped = false

  constructor(signs: RunSigns) {
    this.#signs = signs
  }

  /** Gives signs of life for a run, from now until the function that this answers is called. */
  begin(name: string): () => void {
    const sign = () => void this.#signs.live(name, ALIVE_MS).catch(() => {})
    sign()
    const timer = setInterval(sign, SIGN_INTERVAL_MS).unref()
    return () => {
      clearInterval(timer)
      this.#signs.end(name, ENDED_MS).catch(() => {})
    }
  }

  /** Follows the run of another instance to its end; where that dies over it, calls `run` unless a third was faster. */
  follow(name: string, run: () => void): void {
    // Ticks that come while it is followed are told of the same run.
    if (this.#isStopped || this.#followed.has(name)) return
    const look = async () => {
      const state = await this.#signs.takeOver(name, ALIVE_MS).catch(() => 'lives' as const)
      if (this.#isStopped) return
      if (state === 'lives') lookSoon()
      else this.#followed.delete(name)
      if (state === 'taken') run()
    }
    const lookSoon = () => this.#followed.set(name, setTimeout(look, LOOK_INTERVAL_MS).unref())
    lookSoon()
  }

  /** Follows nobody any longer. */
  stop(): void {
    this.#isStopped = true
    for (const timer of this.#followed.values()) clearTimeout(timer)
    this.#followed.clear()
  }
}
