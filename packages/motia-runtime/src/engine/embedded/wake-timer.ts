/** The longest wait of one timer, in ms: Node's timers cannot wait for more than 24 days. */
const MAX_WAIT_MS = 60 * 60 * 1_000

/** One timer for everything that becomes due. */
export class WakeTimer {
  #timer: NodeJS.Timeout | undefined
  #dueAt = Number.POSITIVE_INFINITY

  /** `wake` is called when something may be due. Sometimes nothing is. */
  constructor(private readonly wake: () => void) {}

  /** Calls `wake` at this time of `performance.now()` or before. */
  wakeAt(dueAt: number): void {
    if (dueAt >= this.#dueAt) return
    this.stop()
    this.#dueAt = dueAt
    const ring = () => {
      this.#dueAt = Number.POSITIVE_INFINITY
      this.wake()
    }
    this.#timer = setTimeout(ring, Math.min(Math.ceil(dueAt - performance.now()), MAX_WAIT_MS)).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
