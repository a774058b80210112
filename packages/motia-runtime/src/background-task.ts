/** When a background task runs. Times in ms. */
export interface BackgroundTimes {
  /** How long after the last time that somebody asked for it in a hurry. */
  quietMs: number
  /** How long after the first time that somebody asked for it, at the latest. */
  latestMs: number
  /** How long until it is tried again if it fails. */
  retryMs: number
}

/** How many times as long as it took the task rests, so that it takes no more than a fifth of the time. */
const REST = 4

/** A task that is asked for often, and runs now and then: once it is quiet, or at the latest some time after it was asked for. */
export class BackgroundTask {
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #running: Promise<void> | undefined
  #askedAt = Number.POSITIVE_INFINITY
  #quietSince = Number.POSITIVE_INFINITY
  #notBefore = 0
  #isStopped = false

  constructor(
    private readonly task: () => Promise<void>,
    private readonly times: BackgroundTimes,
  ) {}

  /** Asks for the task: to run soon if in a hurry, at the latest possible time otherwise. */
  ask(isInHurry: boolean): void {
    const now = performance.now()
    this.#askedAt = Math.min(this.#askedAt, now)
    if (isInHurry) this.#quietSince = now
    this.#schedule()
  }

  /** Does not run any more; resolves once a run that is under way is over. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  #schedule(): void {
    const dueAt = this.#dueAt()
    // Asked for again, it is due later: that is looked at when the timer fires.
    if (this.#isStopped || this.#running || this.#timerAt <= dueAt) return
    clearTimeout(this.#timer)
    this.#timerAt = dueAt
    this.#timer = setTimeout(
      () => {
        this.#timerAt = Number.POSITIVE_INFINITY
        if (performance.now() < this.#dueAt()) this.#schedule()
        else this.#running = this.#run()
      },
      Math.max(0, dueAt - performance.now()),
    ).unref()
  }

  #dueAt(): number {
    const { quietMs, latestMs } = this.times
    return Math.max(this.#notBefore, Math.min(this.#quietSince + quietMs, this.#askedAt + latestMs))
  }

  async #run(): Promise<void> {
    const startedAt = performance.now()
    this.#askedAt = Number.POSITIVE_INFINITY
    this.#quietSince = Number.POSITIVE_INFINITY
    try {
      await this.task()
      const endedAt = performance.now()
      this.#notBefore = endedAt + REST * (endedAt - startedAt)
    } catch {
      // Whoever runs the task says what is wrong with it.
      this.#notBefore = performance.now() + this.times.retryMs
      this.#askedAt = Math.min(this.#askedAt, startedAt)
    }
    this.#running = undefined
    if (this.#askedAt < Number.POSITIVE_INFINITY) this.#schedule()
  }
}
