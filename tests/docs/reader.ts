import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import type { Child } from '../support/child'
import { type Block, blocksOf, editsOf, jsonIn } from '../support/page'
import { waitFor } from '../support/wait-for'
import { withoutTimes } from '../support/without-times'
import { PUBLISHED, Session } from './session'

/** The last line of a block that starts a server. */
const SERVER = /(script\/server|npm start|npm run dev|npx motia (dev|start)|motia-runtime(\.mjs)? (dev|start))$/

/** A line that changes nothing. */
const READS = /^(sleep [\d.]+; )?(cat|curl|grep|ls)\b(?!.* (-X|-d|-o)\b)[^>]*$/

/** Whether a command can be run again. */
const isRepeatable = (command: string): boolean => command.split('\n').every((line) => READS.test(line))

/** How long anything may take to be as on the page, in ms. The page assumes a machine that does nothing else. */
const PATIENCE_MS = 20_000

/**
 * Follows a page from top to bottom, like a reader who types what it says. `bash` blocks run one after the other in one
 * session. A block that starts a server replaces the one on the same port. `json` and `text` blocks are what the command
 * above printed, `console` blocks what the server printed since it started (`^C` stops it), `log` blocks what it printed
 * since the command above. `diff` blocks are edits.
 */
export class Reader {
  readonly #session = new Session()
  /** The servers that run, by the port on the page. */
  readonly #servers = new Map<string, Child>()
  /** How much each server had printed before the last command. */
  readonly #seen = new Map<Child, number>()
  #latest: Child | undefined
  #command = ''
  #printed = ''
  #hasFailed = false

  /** Prepares a clone of the repository, unless the page clones it itself. */
  async open(repository: string, page: string): Promise<void> {
    await this.#session.open(repository, page)
    const isClone = ({ language, text }: Block) => language === 'bash' && text.includes(PUBLISHED)
    if (!blocksOf(page).some(isClone)) await this.#session.run(`git clone ${PUBLISHED} && cd pet-store`)
  }

  /** Does what a block says, or checks what it shows. `next` is the block that follows under the same heading. */
  async follow(block: Block, next: Block | undefined): Promise<void> {
    if (this.#hasFailed) throw new Error('Not tried, since something above it failed')
    this.#hasFailed = true
    await this.#follow(block, next)
    this.#hasFailed = false
  }

  /** Ends the servers of the page. */
  async close(): Promise<void> {
    for (const port of [...this.#servers.keys()]) await this.#stop(port)
  }

  async #follow({ language, text }: Block, next: Block | undefined): Promise<void> {
    const plain = (printed: string) => this.#session.plain(printed).split('\n')
    const json = (printed: string) => withoutTimes(jsonIn(printed))
    if (language === 'bash') await this.#type(text, next?.language === 'console' && next.text.startsWith('✗'))
    else if (language === 'diff') await this.#edit(text)
    else if (language === 'json') await this.#expect(json, text)
    else if (language === 'text') await this.#expect(plain, text)
    else if (language === 'console' && text === '^C') await this.close()
    else if (language === 'console') await this.#expectServer(text)
    else if (language === 'log') await this.#expectLog(text)
  }

  async #type(text: string, isRefusal: boolean): Promise<void> {
    // What is only read changes nothing: the log of the last change may still be shown below it.
    if (!isRepeatable(text)) this.#look()
    this.#command = text
    if (SERVER.test(text)) await this.#startServer(text, isRefusal)
    else if (!isRepeatable(text)) this.#printed = await this.#session.run(text)
    else this.#printed = await waitFor(() => this.#session.run(text), { what: text, timeout: PATIENCE_MS })
  }

  async #startServer(text: string, isRefusal: boolean): Promise<void> {
    const port = /PORT=(\d+)/.exec(text)?.[1] ?? '3000'
    await this.#stop(port)
    const server = this.#session.start(text)
    this.#servers.set(port, server)
    this.#latest = server
    await waitFor(() => / {3}Data: .*\n/.test(server.output()) || !server.isRunning(), {
      what: 'the server to be ready',
      timeout: PATIENCE_MS,
      seen: server.output,
    })
    if (server.isRunning() === isRefusal) throw new Error(`Not what the page says:\n${server.output()}`)
  }

  async #stop(port: string): Promise<void> {
    await this.#servers.get(port)?.stop('SIGINT', { wholeGroup: true })
    this.#servers.delete(port)
  }

  async #edit(diff: string): Promise<void> {
    this.#look()
    for (const { file, before, after } of editsOf(diff)) {
      const path = join(this.#session.cwd, file)
      const text = before === '' ? '' : readFileSync(path, 'utf8')
      if (before !== '' && text.split(before).length !== 2)
        throw new Error(`${file} must contain this once:\n${before}`)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, before === '' ? after : text.replace(before, () => after))
    }
    if (this.#servers.size === 0 || !/^\+\+\+ b\/(steps|src)\//m.test(diff)) return
    await this.#seeNews('the server to take over the change', (news) => /^[↻+-] /m.test(news))
  }

  /** Checks what the last command printed. A command that only reads is repeated until it is right or the time is up. */
  async #expect(read: (printed: string) => unknown, shown: string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS
    for (;;) {
      try {
        expect(read(this.#printed)).toEqual(read(shown))
        return
      } catch (error) {
        if (!isRepeatable(this.#command) || Date.now() > deadline) throw error
        this.#printed = await this.#session.run(this.#command)
      }
    }
  }

  async #expectServer(text: string): Promise<void> {
    const [shown, printed] = [this.#session.plain(text), () => this.#session.plain(this.#latest?.output() ?? '')]
    await waitFor(() => printed().includes(shown), {
      what: `the output\n${shown}`,
      timeout: PATIENCE_MS,
      seen: printed,
    })
  }

  /** The lines come in this order, with others between them. */
  async #expectLog(text: string): Promise<void> {
    const shown = this.#session.plain(text).split('\n')
    await this.#seeNews(`the lines\n${shown.join('\n')}`, (news) => {
      const printed = news.split('\n')
      let at = -1
      return shown.every((line) => {
        at = printed.indexOf(line, at + 1)
        return at >= 0
      })
    })
  }

  async #seeNews(what: string, look: (news: string) => boolean): Promise<void> {
    const news = () =>
      [...this.#servers.values()].map((server) =>
        this.#session.plain(server.output().slice(this.#seen.get(server) ?? 0)),
      )
    await waitFor(() => news().some(look), { what, timeout: PATIENCE_MS, seen: () => news().join('\n') })
  }

  #look(): void {
    for (const server of this.#servers.values()) this.#seen.set(server, server.output().length)
  }
}
