/** How long a stop may take after its grace, in ms. */
const STOP_TIMEOUT_MS = 9_000

/** Ends a server: what it has started ends in reverse order. */
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

  /** Adds a step, which runs before all steps that were added earlier. */
  add(step: () => Promise<void>): void {
    this.#steps.push(step)
  }

  /** Runs all steps. Errors are logged. */
  async run(): Promise<void> {
    for (const step of this.#steps.reverse())
      await step().catch((error) => console.error('Error while stopping:', error))
  }

  /** Runs all steps, then ends the process with this code. A second call ends the grace. */
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
