import { setImmediate as nextTick } from 'node:timers/promises'

let observe: (name: string, seconds: number) => void = () => {}

/** Calls `listener`, instead of an earlier one, with the name and the duration in seconds of each turn. */
export const observeTurns = (listener: typeof observe): void => {
  observe = listener
}

/**
 * Group commit: one turn at a time does all pending work. Work that arrives meanwhile goes into the next turn. In this
 * way, many pieces of work share the cost of a turn, such as a sync.
 */
export class Turns<Work> {
  #waiting: Work[] = []
  #running: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  /** When the next turn must begin, in ms of `performance.now()`. */
  #deadline = Number.POSITIVE_INFINITY

  /** `name` is for metrics. `run` does one turn. It must not reject: it settles each piece of work itself. */
  constructor(
    private readonly name: string,
    private readonly run: (works: Work[]) => Promise<void>,
  ) {}

  /** Adds work to the next turn, which begins within `patienceMs`, or earlier if other work has less patience. */
  add(work: Work, patienceMs = 0): void {
    this.#waiting.push(work)
    this.#deadline = Math.min(this.#deadline, performance.now() + patienceMs)
    this.#schedule()
  }

  /** Starts all pending work at once, and resolves when it is done. */
  async flush(): Promise<void> {
    const isWaiting = this.#waiting.length > 0
    if (isWaiting) this.#deadline = 0
    this.#schedule()
    await this.#running
    // Work that arrived during a turn is done in the next.
    if (isWaiting) await this.#running
  }

  #schedule(): void {
    if (this.#running || this.#waiting.length === 0) return
    if (this.#timer) clearTimeout(this.#timer)
    const wait = this.#deadline - performance.now()
    if (wait > 0) {
      this.#timer = setTimeout(() => this.#schedule(), wait)
      return
    }
    this.#running = this.#take().finally(() => {
      this.#running = null
      this.#schedule()
    })
  }

  async #take(): Promise<void> {
    // Work that arrives in the same tick joins the turn, and other processes can take the lock.
    await nextTick()
    const works = this.#waiting
    this.#waiting = []
    this.#deadline = Number.POSITIVE_INFINITY
    const startedAt = performance.now()
    await this.run(works)
    observe(this.name, (performance.now() - startedAt) / 1_000)
  }
}
