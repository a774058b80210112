import type { BigIntStats } from 'node:fs'
import {
  accessOf,
  type FileAccess,
  type FileCalls,
  isSettled,
  NO_FILE,
  readRange,
  sameStamp,
  versionOf,
} from 'motia-runtime'
import { invalid } from '../pets-check'
import { type FileContent, NO_CONTENT, parseFile } from './pets-parse'

/**
 * The last seen state of the data file. All calls are synchronous: a stat takes 5 µs, and handing it to a thread would
 * take 60.
 */
export class PetsFile {
  #stamp = NO_FILE
  #isSettled = false
  #access: FileAccess | undefined
  /** The last read bytes, while the stat cannot show whether the file was edited again. */
  #bytes: Buffer | null = null

  constructor(
    private readonly path: string,
    private readonly calls: FileCalls,
  ) {}

  /** The last seen version; null if there was no file. */
  get version(): string | null {
    return versionOf(this.#stamp)
  }

  /** Whether there was no file. */
  get isMissing(): boolean {
    return this.#stamp.ino === NO_FILE.ino
  }

  /** The permissions and owners of the last seen file, if there was one. */
  get access(): FileAccess | undefined {
    return this.#access
  }

  /** Whether any edit from now on must change the stat. False for some ms after an edit. */
  get isSettled(): boolean {
    return this.#isSettled
  }

  /** Returns whether the file's content may have changed since it was last seen. */
  isChanged(): boolean {
    return !this.#isSettled || this.isReplaced()
  }

  /** Returns whether the file's stat has changed since it was last seen. */
  isReplaced(): boolean {
    return !sameStamp(this.#stamp, this.#stat() ?? NO_FILE)
  }

  /** Updates the last seen stat without reading the file. */
  look(): void {
    this.#see(this.#stat(), Date.now())
  }

  /** Makes the next `read` return the content in any case. */
  forget(): void {
    this.#bytes = null
  }

  /**
   * Reads the file. Returns null if the content is the same as a moment ago. Throws a `StoreError` if it is not a valid
   * store.
   */
  read(): FileContent | null {
    const readAt = Date.now()
    const stats = this.#stat()
    if (!stats?.isFile()) {
      this.#see(stats, readAt)
      if (!stats) return NO_CONTENT
      throw invalid('it is not a regular file')
    }
    const fd = this.calls.openSync(this.path, 'r')
    try {
      const opened = this.calls.fstatSync(fd, { bigint: true })
      const bytes = readRange(this.calls, fd, 0, Number(opened.size))
      const isSame = this.#bytes?.equals(bytes)
      this.#see(opened, readAt)
      this.#bytes = this.#isSettled ? null : bytes
      return isSame ? null : parseFile(bytes)
    } finally {
      this.calls.closeSync(fd)
    }
  }

  #stat(): BigIntStats | undefined {
    return this.calls.lstatSync(this.path, { bigint: true, throwIfNoEntry: false })
  }

  #see(stats: BigIntStats | undefined, seenAt: number): void {
    const { ino, size, mtimeNs, ctimeNs } = stats ?? NO_FILE
    this.#stamp = { ino, size, mtimeNs, ctimeNs }
    this.#isSettled = !stats || isSettled(this.#stamp, seenAt)
    this.#access = stats && accessOf(stats)
  }
}
