import { dirname } from 'node:path'
import { type FileCalls, readRange, syncFile, syncFolder, writeAll } from './file-calls'
import { type FileStamp, NO_FILE, sameStamp } from './file-stamp'

const LINE_BREAK = 0x0a

/** How many bytes before the position to remember, to detect that the file is another one. */
const MARK_BYTES = 64

/** How a file of lines is read. */
export interface LineFileOptions {
  /**
   * Called with lines that other processes have written. If `isFresh`, they are the beginning of the file (or of the
   * part that is read at first), and earlier lines are void. Returns how many lines are valid; undefined means all. The
   * others were not written completely. An error rejects the turn, and the next turn gets the same lines again.
   */
  onLines(lines: string[], isFresh: boolean): number | undefined
  /** Returns whether a last line without a line break is complete, as some editors leave it. Default: never. */
  isComplete?: (line: string) => boolean
  /** How many bytes at the end of the file to read at first. Default: all. */
  tailBytes?: number
}

/** Reads and appends lines, and tracks the position. Works on the open file. Callers hold the lock if `isLocked`. */
export class LineFile {
  /**
   * The stamp after the last read or write. An inode does not identify a file: a new file may have that of an old one.
   */
  #stamp: FileStamp = NO_FILE
  /** The end of the last line that was read or written. The bytes before it are in `#mark`. */
  #end = 0
  #mark: Buffer = Buffer.alloc(0)
  /** The file whose name in its folder is on disk. */
  #syncedInode = NO_FILE.ino
  /** How many bytes after `#end` may be the remains of a failed write. */
  #remains = 0

  constructor(
    private readonly path: string,
    private readonly options: LineFileOptions,
    private readonly calls: FileCalls,
  ) {}

  /** Returns whether there may be lines to read, other than the remains of a failed write. Costs one stat. */
  hasNews(): boolean {
    if (this.#remains > 0) return false
    return !sameStamp(this.#stamp, this.calls.statSync(this.path, { bigint: true, throwIfNoEntry: false }) ?? NO_FILE)
  }

  /** Records that the file is gone. */
  forget(): void {
    this.#stamp = NO_FILE
    this.#begin(0)
  }

  /** Reads new lines. If `isLocked`, nobody else is writing, so an incomplete last line is cut off. */
  read(fd: number, isLocked: boolean): void {
    const stats = this.calls.fstatSync(fd, { bigint: true })
    const size = Number(stats.size)
    const isFresh = !this.#isKnown(fd, stats.ino, size)
    const start = isFresh ? this.#firstLine(fd, size) : this.#end
    if (start < size || isFresh) this.#readLines(fd, start, size, isFresh, isLocked)
    this.#stamp = stats
  }

  /** Appends the lines and resolves once they are on disk. If that fails, removes them again and rejects. */
  async append(fd: number, lines: readonly string[]): Promise<void> {
    const bytes = toBytes(lines)
    this.#remains = bytes.length
    let stamp: FileStamp
    try {
      writeAll(this.calls, fd, bytes)
      // A sync does not change it, and from then on nothing may fail.
      stamp = this.calls.fstatSync(fd, { bigint: true })
      await syncFile(this.calls, fd, 'data')
      await this.syncName()
    } catch (error) {
      await this.takeBack(fd).catch(() => {})
      throw error
    }
    this.#remains = 0
    this.#goOn(bytes)
    this.#stamp = stamp
  }

  /**
   * Removes the remains of a failed write. After a failed sync, a later sync says nothing about the same bytes, so they
   * must be removed before others are written.
   */
  async takeBack(fd: number): Promise<void> {
    if (this.#remains === 0) return
    const { ino, size } = this.calls.fstatSync(fd, { bigint: true })
    // If another process has written after them, they are normal lines and stay.
    if (ino === this.#stamp.ino && size <= this.#end + this.#remains) {
      this.calls.ftruncateSync(fd, this.#end)
      await syncFile(this.calls, fd, 'all')
    }
    this.#remains = 0
  }

  /** Switches to another file, which contains these bytes. */
  moveTo(fd: number, bytes: Buffer): void {
    this.#remains = 0
    this.#stamp = this.calls.fstatSync(fd, { bigint: true })
    this.#begin(0)
    this.#goOn(bytes)
  }

  /** Resolves once the name of the file is on disk. */
  async syncName(): Promise<void> {
    const { ino } = this.#stamp
    if (this.#syncedInode === ino) return
    await syncFolder(this.calls, dirname(this.path))
    this.#syncedInode = ino
  }

  #isKnown(fd: number, ino: bigint, size: number): boolean {
    if (ino !== this.#stamp.ino || size < this.#end) return false
    return readRange(this.calls, fd, this.#end - this.#mark.length, this.#end).equals(this.#mark)
  }

  #readLines(fd: number, start: number, size: number, isFresh: boolean, isLocked: boolean): void {
    let bytes = readRange(this.calls, fd, start, size)
    if (isLocked) bytes = this.#completeLine(fd, bytes)
    let valid = bytes.lastIndexOf(LINE_BREAK) + 1
    const lines = bytes.toString('utf8', 0, valid).split('\n').slice(0, -1)
    const validLines = this.options.onLines(lines, isFresh) ?? lines.length
    for (let count = lines.length; count > validLines; count--) valid = bytes.lastIndexOf(LINE_BREAK, valid - 2) + 1
    // These lines are read, even if cutting off the rest fails.
    if (isFresh) this.#begin(start)
    this.#goOn(bytes.subarray(0, valid))
    if (isLocked && valid < bytes.length) this.calls.ftruncateSync(fd, this.#end)
  }

  #firstLine(fd: number, size: number): number {
    for (let length = this.options.tailBytes ?? size; length < size; length *= 4) {
      const lineBreak = readRange(this.calls, fd, size - length, size - 1).indexOf(LINE_BREAK)
      if (lineBreak >= 0) return size - length + lineBreak + 1
    }
    return 0
  }

  #completeLine(fd: number, bytes: Buffer): Buffer {
    const last = bytes.subarray(bytes.lastIndexOf(LINE_BREAK) + 1)
    if (last.length === 0 || !this.options.isComplete?.(last.toString())) return bytes
    const lineBreak = Buffer.from([LINE_BREAK])
    writeAll(this.calls, fd, lineBreak)
    return Buffer.concat([bytes, lineBreak])
  }

  #begin(start: number): void {
    this.#end = start
    this.#mark = Buffer.alloc(0)
  }

  #goOn(bytes: Buffer): void {
    this.#end += bytes.length
    this.#mark = Buffer.concat([this.#mark, bytes.subarray(-MARK_BYTES)]).subarray(-MARK_BYTES)
  }
}

/** Returns the bytes of lines in a file. */
export const toBytes = (lines: readonly string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(''))
