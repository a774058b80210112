/** When a background task runs. Times in ms. */
export interface BackgroundTimes {
  /** How long after the last urgent request for the task. */
  quietMs: number
  /** How long after the first request for the task, at the latest. */
  latestMs: number
  /** How long until the task is tried again if it fails. */
  retryMs: number
}

/** The task pauses this many times as long as it ran, so it uses at most a fifth of the time. */
const REST = 4

/**
 * A task that is requested often but runs rarely: when requests pause, or at the latest a fixed time after the first of
 * them.
 */
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

  /** Requests a run of the task: soon if `isInHurry`, otherwise at the latest possible time. */
  ask(isInHurry: boolean): void {
    const now = performance.now()
    this.#askedAt = Math.min(this.#askedAt, now)
    if (isInHurry) this.#quietSince = now
    this.#schedule()
  }

  /** Stops the task. Resolves once its current run has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  #schedule(): void {
    const dueAt = this.#dueAt()
    // Further requests postpone the run. The timer checks that when it fires.
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
      // The task itself reports its errors.
      this.#notBefore = performance.now() + this.times.retryMs
      this.#askedAt = Math.min(this.#askedAt, startedAt)
    }
    this.#running = undefined
    if (this.#askedAt < Number.POSITIVE_INFINITY) this.#schedule()
  }
}
