/** Lets works on the same thing take turns within this process; works on different things don't wait for each other. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>()

  /** Runs `work` when what was begun earlier on `key` has ended, well or not. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key)
    let end = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    this.#last.set(key, ended)
    await before
    try {
      return await work()
    } finally {
      end()
      if (this.#last.get(key) === ended) this.#last.delete(key)
    }
  }
}
