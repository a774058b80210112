import { dirname, parse } from 'node:path'
import { accessOf, type FileAccess } from './file-access'
import { type FileCalls, isMissing, nodeFiles, syncFolder } from './file-calls'
import { withFileLock } from './file-lock'
import { LineFile, type LineFileOptions, toBytes } from './line-file'
import { writeFile } from './replace-file'
import { Turns } from './turns'

/** How a log of lines is read and written. */
export interface LineLogOptions<Entry> extends LineFileOptions {
  /** Called in each turn after reading all lines and before writing. An error rejects the turn. */
  beforeTurn?: () => void
  /** Returns the lines for all entries of one turn. Default: a line of JSON for each entry. */
  encode?: (entries: Entry[]) => string[]
  /** Called with the entries of a turn once they are on disk, before their callers continue. */
  onWritten?: (entries: Entry[]) => void
  /**
   * Returns the permissions and owners of a new file. Default: those from the system, and after a rewrite those of the
   * old file.
   */
  access?: () => FileAccess | undefined
  calls?: FileCalls
}

/** The entries that a piece of work adds, and the value for its caller. */
export interface Addition<Entry, T> {
  entries: Entry[]
  value: T
}

interface Work<Entry> {
  /** Returns the entries to write, and a function to call once they are written. */
  run: () => { entries: Entry[]; done: () => void }
  reject: (error: unknown) => void
}

/**
 * A file to which several processes append lines. A line is acknowledged once it is on disk. Lines never interleave.
 * The remains of a crash are cut off before the next line is written. If a turn cannot be written completely, it is
 * removed completely.
 */
export class LineLog<Entry = unknown> {
  readonly #calls: FileCalls
  readonly #file: LineFile
  readonly #turns: Turns<Work<Entry>>
  #last: Promise<unknown> = Promise.resolve()
  #holdsLock = false

  constructor(
    private readonly path: string,
    private readonly options: LineLogOptions<Entry>,
  ) {
    this.#calls = options.calls ?? nodeFiles
    this.#file = new LineFile(path, options, this.#calls)
    this.#turns = new Turns(parse(path).name, (works) => this.#takeTurn(works))
  }

  /**
   * Runs `work` in the next turn, when the file is locked and every line has been read. Resolves to the value of `work`
   * once its entries are on disk. If `work` throws, only its caller is rejected. If the turn cannot be written, all its
   * callers are rejected and nothing is added. The turn may wait `patienceMs` for other work.
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

  /** Starts all pending work at once, and resolves when it is done. */
  flush(): Promise<void> {
    return this.#turns.flush()
  }

  /** Reads lines that others have appended, synchronously and without the lock. Costs one stat if there are none. */
  poll(): void {
    // While this log has the lock nobody else writes, and its own lines do not count yet.
    if (this.#holdsLock || !this.#file.hasNews()) return
    let fd: number
    try {
      fd = this.#calls.openSync(this.path, 'r')
    } catch (error) {
      if (!isMissing(error)) throw error
      this.options.onLines([], true)
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
   * Runs `make` exclusively, when the file is locked and every line has been read, and replaces all lines by those it
   * resolves to, durably and atomically. `removed` removes the file, `null` changes nothing. `done` is called once the
   * file is on disk, before anything else is read or written.
   */
  rewrite(
    make: (append: (entries: Entry[]) => Promise<void>) => Promise<string[] | 'removed' | null>,
    done?: () => void,
  ): Promise<void> {
    return this.#alone(async (fd) => {
      const next = await make((entries) => this.#append(fd, entries))
      if (next === null) return
      if (next === 'removed') await this.#remove()
      else await this.#replace(next, this.options.access?.() ?? accessOf(this.#calls.fstatSync(fd)))
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
    this.options.beforeTurn?.()
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
    const { encode = (all: Entry[]) => all.map((entry) => JSON.stringify(entry)), onWritten } = this.options
    await this.#file.append(fd, encode(entries))
    onWritten?.(entries)
  }

  /** Runs `work` when the file is locked and every line has been read, after all earlier work of this log. */
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
    const run = () => withFileLock(this.path, locked, { calls: this.#calls, mode: this.options.access?.()?.mode })
    const result = this.#last.then(run)
    this.#last = result.catch(() => {})
    return result
  }

  async #replace(lines: string[], access: FileAccess): Promise<void> {
    const bytes = toBytes(lines)
    const temp = `${this.path}.tmp`
    const next = await writeFile(this.#calls, temp, [bytes], access)
    try {
      // Lock it before it has its name, so that nobody appends to it until the name is on disk.
      this.#calls.tryLock(next)
      this.#calls.renameSync(temp, this.path)
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
    this.#calls.rmSync(this.path, { force: true })
    await syncFolder(this.#calls, dirname(this.path))
    this.#file.forget()
  }
}
