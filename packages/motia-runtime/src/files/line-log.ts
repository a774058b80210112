import { dirname } from 'node:path'
import type { FileAccess } from './file-access'
import { type FileCalls, isMissing, nodeFiles, syncFolder } from './file-calls'
import { withFileLock } from './file-lock'
import { LineFile, type LineFileOptions, toBytes } from './line-file'
import { writeFile } from './replace-file'
import { Turns } from './turns'

/** What a log of lines is about. */
export interface LineLogOptions<Entry> extends LineFileOptions {
  /** Called when a turn begins: it has read all lines, and writes next. What it throws rejects the turn. */
  beforeTurn?: () => void
  /** Returns the lines for all entries of one turn; a line of JSON for each unless told otherwise. */
  encode?: (entries: Entry[]) => string[]
  /** Told what a turn has written, once it is on disk and before its callers are. */
  onWritten?: (entries: Entry[]) => void
  /** Returns the permissions and owners of a new file, if they are not to be the usual ones. */
  access?: () => FileAccess | undefined
  calls?: FileCalls
}

/** What a piece of work adds to the log, and what its caller gets once that is on disk. */
export interface Addition<Entry, T> {
  entries: Entry[]
  value: T
}

interface Work<Entry> {
  /** Returns what to write, and what to call once it is written. */
  run: () => { entries: Entry[]; done: () => void }
  reject: (error: unknown) => void
}

/**
 * A file of lines that several processes append to, each line acknowledged once it is on disk. Lines never interleave, what a
 * crash left of a line is cut off before the next is written, and a turn that cannot be written whole is taken back whole.
 */
export class LineLog<Entry = unknown> {
  readonly #path: string
  readonly #options: LineLogOptions<Entry>
  readonly #calls: FileCalls
  readonly #file: LineFile
  readonly #turns = new Turns<Work<Entry>>((works) => this.#takeTurn(works))
  #last: Promise<unknown> = Promise.resolve()
  #holdsLock = false

  constructor(path: string, options: LineLogOptions<Entry>) {
    this.#path = path
    this.#options = options
    this.#calls = options.calls ?? nodeFiles
    this.#file = new LineFile(path, options, this.#calls)
  }

  /**
   * Runs `work` in the next turn, which holds the file's lock and has read every line, and resolves to its value once what it
   * adds is on disk. What `work` throws rejects its own caller only; if the turn cannot be written, all of its callers are
   * rejected and nothing is added. `patienceMs`: how long the turn may wait for others to go along.
   */
  turn<T>(work: () => Addition<Entry, T>, patienceMs = 0): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = () => {
        const { entries, value } = work()
        return { entries, done: () => resolve(value) }
      }
      this.#turns.add({ run, reject }, patienceMs)
    })
  }

  /** Resolves once all that was handed in so far is done, the patient at once. */
  flush(): Promise<void> {
    return this.#turns.flush()
  }

  /** Reads what others have appended: synchronously, and without the lock. Costs one stat if there is nothing. */
  poll(): void {
    // While this log holds the lock nobody else writes, and what it is writing itself does not count yet.
    if (this.#holdsLock || !this.#file.hasNews()) return
    let fd: number
    try {
      fd = this.#calls.openSync(this.#path, 'r')
    } catch (error) {
      if (!isMissing(error)) throw error
      this.#options.onLines([], true)
      this.#file.forget()
      return
    }
    try {
      this.#file.read(fd, false)
    } finally {
      this.#calls.closeSync(fd)
    }
  }

  /**
   * Runs `make` alone, with the lock held and every line read, and replaces all lines by those it resolves to, durably and at
   * once: a crash leaves the old file or the new one. `removed` takes the file away, `null` leaves it as it is. `done` is
   * called once that is on disk, before anything else is read or written.
   */
  rewrite(
    make: (append: (entries: Entry[]) => Promise<void>) => Promise<string[] | 'removed' | null>,
    done?: () => void,
  ): Promise<void> {
    return this.#alone(async (fd) => {
      const next = await make((entries) => this.#append(fd, entries))
      if (next === null) return
      if (next === 'removed') await this.#remove()
      else await this.#replace(next)
      done?.()
    })
  }

  async #takeTurn(works: Work<Entry>[]): Promise<void> {
    try {
      const settle = await this.#alone((fd) => this.#runAll(fd, works))
      for (const done of settle) done()
    } catch (error) {
      for (const { reject } of works) reject(error)
    }
  }

  async #runAll(fd: number, works: Work<Entry>[]): Promise<(() => void)[]> {
    this.#options.beforeTurn?.()
    const added: Entry[] = []
    const settle = works.map(({ run, reject }) => {
      try {
        const { entries, done } = run()
        for (const entry of entries) added.push(entry)
        return done
      } catch (error) {
        return () => reject(error)
      }
    })
    if (added.length > 0) await this.#append(fd, added)
    return settle
  }

  async #append(fd: number, entries: Entry[]): Promise<void> {
    const { encode = (all: Entry[]) => all.map((entry) => JSON.stringify(entry)), onWritten } = this.#options
    await this.#file.append(fd, encode(entries))
    onWritten?.(entries)
  }

  /** Runs `work` with the lock held and every line read, after all that this log does already. */
  #alone<T>(work: (fd: number) => Promise<T>): Promise<T> {
    const locked = async (fd: number) => {
      this.#holdsLock = true
      try {
        await this.#file.takeBack(fd)
        this.#file.read(fd, true)
        return await work(fd)
      } finally {
        this.#holdsLock = false
      }
    }
    const run = () => withFileLock(this.#path, locked, { calls: this.#calls, mode: this.#options.access?.()?.mode })
    const result = this.#last.then(run)
    this.#last = result.catch(() => {})
    return result
  }

  async #replace(lines: string[]): Promise<void> {
    const bytes = toBytes(lines)
    const temp = `${this.#path}.tmp`
    const next = await writeFile(this.#calls, temp, [bytes], this.#options.access?.())
    try {
      // Locked before it has its name, so that nobody appends to it until the name is on disk.
      this.#calls.tryLock(next)
      this.#calls.renameSync(temp, this.#path)
      this.#file.moveTo(next, bytes)
      await this.#file.syncName()
    } catch (error) {
      this.#calls.rmSync(temp, { force: true })
      throw error
    } finally {
      this.#calls.closeSync(next)
    }
  }

  async #remove(): Promise<void> {
    this.#calls.rmSync(this.#path, { force: true })
    await syncFolder(this.#calls, dirname(this.#path))
    this.#file.forget()
  }
}
