const isTerminal = process.stderr.isTTY === true

/** Shows the current stage in one line of the terminal. Without a terminal, prints one line for each stage. */
export class Progress {
  readonly #stages: number
  readonly #startedAt = Date.now()
  #stage = 0
  #title = ''

  constructor(stages: number) {
    this.#stages = stages
  }

  /** Begins the next stage. */
  next(title: string): void {
    this.#stage += 1
    this.#title = title
    if (isTerminal) this.detail('')
    else process.stderr.write(`${this.#head()}\n`)
  }

  /** Shows how far the stage is. */
  detail(text: string): void {
    if (isTerminal) process.stderr.write(`\r\u001b[2K${`${this.#head()} ${text}`.slice(0, process.stderr.columns - 1)}`)
  }

  /** Clears the line. */
  end(): void {
    if (isTerminal) process.stderr.write('\r\u001b[2K')
  }

  #head(): string {
    const seconds = Math.round((Date.now() - this.#startedAt) / 1_000)
    return `==> ${this.#stage}/${this.#stages} ${this.#title} (${seconds} s)`
  }
}
