import { type BigIntStats, closeSync, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs'
import type { open } from 'node:fs/promises'
import { invalid } from '../pets-check'
import { StoreError } from '../store'
import { replaceFile } from './atomic-file'
import { toStoreError } from './file-error'
import { type FileStamp, isSettled, NO_FILE, sameStamp } from './file-stamp'
import { PetsDocument } from './pets-document'
import { parseDocument } from './pets-parse'
import { rereadDocument } from './pets-reread'

/**
 * The data file, and what it held last in memory. Reads are synchronous: one costs a stat of 3 µs, where handing the stat to a
 * pool thread costs 60, and all that wait for a changed file find it read.
 */
export class PetsFile {
  #content: PetsDocument | StoreError = PetsDocument.empty
  #stamp: FileStamp = NO_FILE
  #settled = true
  /** What the file held when it was valid last, for a reread to compare with. */
  #known = PetsDocument.empty

  constructor(
    private readonly path: string,
    private readonly openFile?: typeof open,
  ) {}

  /** What the file holds at this moment; throws a `StoreError` where that is no valid store or cannot be read. */
  read(): PetsDocument {
    try {
      const stats = this.#stat()
      if (!this.#settled || !sameStamp(this.#stamp, stats ?? NO_FILE)) this.#load(stats)
    } catch (error) {
      throw toStoreError(error)
    }
    if (this.#content instanceof StoreError) throw this.#content
    return this.#content
  }

  /** A text that changes with the file; throws as `read` does. */
  revision(): string {
    this.read()
    return Object.values(this.#stamp).join('-')
  }

  /**
   * Writes what is to follow the document read last. Resolves to `false`, the file left alone, if it was edited meanwhile. A
   * file that nobody may write, which a rename would not heed, is left alone too: `STORE_UNAVAILABLE`.
   */
  async replace(next: PetsDocument): Promise<boolean> {
    const stamp = this.#stamp
    const mode = this.#mode()
    if (mode !== undefined && (mode & 0o222) === 0) {
      throw new StoreError('STORE_UNAVAILABLE', 'The data file is read-only')
    }
    return replaceFile(this.path, next.toParts(), {
      openFile: this.openFile,
      mode,
      mayReplace: () => sameStamp(stamp, this.#stat() ?? NO_FILE),
      onReplaced: (written) => this.#adopt(next, written),
    })
  }

  #stat(): BigIntStats | undefined {
    return lstatSync(this.path, { bigint: true, throwIfNoEntry: false })
  }

  #mode(): number | undefined {
    const stats = this.#stat()
    return stats && Number(stats.mode & 0o777n)
  }

  #load(stats: BigIntStats | undefined): void {
    if (!stats) {
      this.#set(PetsDocument.empty, NO_FILE, true)
    } else if (!stats.isFile()) {
      this.#set(invalid('it is not a regular file'), stats, true)
    } else {
      const readAt = Date.now()
      const [stamp, bytes] = readStamped(this.path)
      this.#set(this.#parse(bytes), stamp, isSettled(stamp, readAt))
    }
  }

  #parse(bytes: Buffer): PetsDocument | StoreError {
    try {
      this.#known = rereadDocument(bytes, this.#known) ?? parseDocument(bytes)
      return this.#known
    } catch (error) {
      return error instanceof StoreError ? error : invalid('it cannot be parsed', error)
    }
  }

  // Spares the next read the parsing, unless the file was edited again: the rename itself changes nothing but the ctime.
  #adopt(document: PetsDocument, written: BigIntStats): void {
    const stats = this.#stat()
    if (!stats || stats.ino !== written.ino || stats.size !== written.size || stats.mtimeNs !== written.mtimeNs) return
    this.#known = document
    this.#set(document, stats, isSettled(stats, Date.now()))
  }

  #set(content: PetsDocument | StoreError, { ino, size, mtimeNs, ctimeNs }: FileStamp, settled: boolean): void {
    this.#content = content
    this.#stamp = { ino, size, mtimeNs, ctimeNs }
    this.#settled = settled
  }
}

function readStamped(path: string): [BigIntStats, Buffer] {
  const fd = openSync(path, 'r')
  try {
    return [fstatSync(fd, { bigint: true }), readFileSync(fd)]
  } finally {
    closeSync(fd)
  }
}
