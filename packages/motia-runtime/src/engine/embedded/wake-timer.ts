/** The longest wait that is given to one timer of Node's, in ms: it cannot wait for more than 24 days. */
const MAX_WAIT_MS = 60 * 60 * 1_000

/** One timer for all that becomes due. */
export class WakeTimer {
  readonly #wake: () => void
  #timer: NodeJS.Timeout | undefined
  #dueAt = Number.POSITIVE_INFINITY

  /** `wake` is called when something may be due, perhaps a little early or in vain. */
  constructor(wake: () => void) {
    this.#wake = wake
  }

  /** Wakes at this time of `performance.now()` at the latest. */
  wakeAt(dueAt: number): void {
    if (dueAt >= this.#dueAt) return
    this.stop()
    this.#dueAt = dueAt
    const ring = () => {
      this.#dueAt = Number.POSITIVE_INFINITY
      this.#wake()
    }
    this.#timer = setTimeout(ring, Math.min(Math.ceil(dueAt - performance.now()), MAX_WAIT_MS)).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
