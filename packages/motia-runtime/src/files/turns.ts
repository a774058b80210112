import { setImmediate as nextTick } from 'node:timers/promises'

/**
 * Group commit: one turn at a time does all the work that waits, and what arrives meanwhile goes into the next. So a turn
 * that costs much the same for one piece of work as for a hundred is paid once for all of them.
 */
export class Turns<Work> {
  readonly #run: (works: Work[]) => Promise<void>
  #waiting: Work[] = []
  #running: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  /** When the next turn is to begin at the latest, as `performance.now()` counts. */
  #deadline = Number.POSITIVE_INFINITY

  /** `run` does one turn. It must not reject: it tells each piece of work what became of it. */
  constructor(run: (works: Work[]) => Promise<void>) {
    this.#run = run
  }

  /** Hands in work for the next turn, which begins at once, or within `patienceMs` if nobody else is in a hurry. */
  add(work: Work, patienceMs = 0): void {
    this.#waiting.push(work)
    this.#deadline = Math.min(this.#deadline, performance.now() + patienceMs)
    this.#schedule()
  }

  /** Resolves once all that was handed in so far is done, the patient at once. */
  async flush(): Promise<void> {
    const isWaiting = this.#waiting.length > 0
    if (isWaiting) this.#deadline = 0
    this.#schedule()
    await this.#running
    // What waited while a turn was running is done in the next.
    if (isWaiting) await this.#running
  }

  #schedule(): void {
    if (this.#running || this.#waiting.length === 0) return
    if (this.#timer) clearTimeout(this.#timer)
    const wait = this.#deadline - performance.now()
    if (wait > 0) {
      this.#timer = setTimeout(() => this.#schedule(), wait).unref()
      return
    }
    this.#running = this.#take().finally(() => {
      this.#running = null
      this.#schedule()
    })
  }

  async #take(): Promise<void> {
    // What arrives in the same tick goes along, and other processes get their chance at the lock.
    await nextTick()
    const works = this.#waiting
    this.#waiting = []
    this.#deadline = Number.POSITIVE_INFINITY
    await this.#run(works)
  }
}
