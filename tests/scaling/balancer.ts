import { type Answer, ask } from './fleet'

/** How often an instance is asked whether it is healthy, in ms. */
const HEALTH_INTERVAL_MS = 100

/**
 * Spreads requests over instances as a load balancer does: by turns over those whose `/health` last was a 200. It knows
 * nothing else of them, keeps its connections, and sends no request twice.
 */
export class Balancer {
  readonly #urls: string[]
  readonly #healthy = new Set<string>()
  readonly #timer: NodeJS.Timeout
  #turn = 0

  constructor(urls: string[]) {
    this.#urls = urls
    this.#timer = setInterval(() => void this.look(), HEALTH_INTERVAL_MS)
  }

  /** Asks all instances once. */
  async look(): Promise<void> {
    await Promise.all(
      this.#urls.map(async (url) => {
        const isHealthy = await fetch(`${url}/health`, { headers: { connection: 'close' } }).then(
          ({ ok }) => ok,
          () => false,
        )
        if (isHealthy) this.#healthy.add(url)
        else this.#healthy.delete(url)
      }),
    )
  }

  isHealthy(url: string): boolean {
    return this.#healthy.has(url)
  }

  /** Sends a request to the next instance; never rejects. */
  send(method: string, path: string, body?: object): Promise<Answer> {
    const urls = [...this.#healthy]
    const url = urls[this.#turn++ % urls.length]
    if (!url) throw new Error('No instance is healthy')
    return ask(url, method, path, body)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
