const WIDTH = 30

/** Draws a bar that fills up on one line of the terminal, or one line for each quarter if stderr is not a terminal. */
export class ProgressBar {
  #title = ''
  #drawn = -1

  /** Shows that `done` of `total` are done; a new title begins a new line. */
  show(title: string, done: number, total: number): void {
    const share = total === 0 ? 1 : Math.min(1, done / total)
    const isTerminal = process.stderr.isTTY === true
    const step = Math.floor(share * (isTerminal ? 100 : 4))
    if (title === this.#title && step === this.#drawn) return
    if (title !== this.#title) this.end()
    this.#title = title
    this.#drawn = step
    const full = Math.round(share * WIDTH)
    const bar = `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)}`
    const text = `${title.padEnd(8)} ${bar} ${Math.floor(share * 100)} % of ${total.toLocaleString('en')}`
    process.stderr.write(isTerminal ? `\r\u001b[2K${text}` : `${text}\n`)
  }

  /** Ends the line. */
  end(): void {
    if (this.#title && process.stderr.isTTY) process.stderr.write('\n')
    this.#title = ''
  }
}
