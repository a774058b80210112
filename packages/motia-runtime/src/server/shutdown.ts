/** How long a stop may take after its grace, in ms. */
const STOP_TIMEOUT_MS = 9_000

/** The end of a server: what it has started ends in the opposite order. */
export class Shutdown {
  readonly #steps: (() => Promise<void>)[] = []
  readonly #graceEnd = new AbortController()
  #hasBegun = false

  /** `graceSeconds` is how long a stopping server still serves. */
  constructor(private readonly graceSeconds: number) {}

  /** Whether the server is stopping. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** Aborted if the grace ends early. */
  get graceEnd(): AbortSignal {
    return this.#graceEnd.signal
  }

  /** Adds what must end before everything that was added earlier. */
  add(step: () => Promise<void>): void {
    this.#steps.push(step)
  }

  /** Ends everything. */
  async run(): Promise<void> {
    for (const step of this.#steps.reverse())
      await step().catch((error) => console.error('Error while stopping:', error))
  }

  /** Ends everything, then the process with this code. A second call ends the grace. */
  async exit(exitCode: number): Promise<void> {
    if (this.#hasBegun) return this.#graceEnd.abort()
    this.#hasBegun = true
    const grace = this.graceSeconds
    console.info(grace > 0 ? `Stopping in ${grace} s: until then /readyz returns 503` : 'Stopping')
    setTimeout(
      () => {
        console.warn(`Stopped before everything had finished: it took more than ${STOP_TIMEOUT_MS / 1_000} s`)
        process.exit(exitCode)
      },
      grace * 1_000 + STOP_TIMEOUT_MS,
    )
    await this.run()
    console.info('Stopped')
    process.exit(exitCode)
  }
}
