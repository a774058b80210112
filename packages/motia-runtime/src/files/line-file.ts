import { dirname } from 'node:path'
import { type FileCalls, readRange, syncFile, syncFolder, writeAll } from './file-calls'
import { type FileStamp, NO_FILE, sameStamp } from './file-stamp'

const LINE_BREAK = 0x0a

/** How many bytes before its position are remembered, to notice that a file is not the one that was read. */
const MARK_BYTES = 64

/** How a file of lines is read. */
export interface LineFileOptions {
  /**
   * Told the lines that others have written. `isFresh`: they begin the file (or the end of it that is read at first), so
   * what earlier lines said is void. Returns how many of them are valid, if not all are: the rest was not written whole.
   * What it throws rejects the turn, and the same lines come again with the next.
   */
  onLines(lines: string[], isFresh: boolean): number | undefined
  /** Whether a last line without its line break is complete, as an editor may leave it; never unless told otherwise. */
  isComplete?: (line: string) => boolean
  /** How much of the end of a file is read at first, in bytes; all unless told otherwise. */
  tailBytes?: number
}

/** How far a file of lines is read and written. Works on the open file; whoever calls holds the lock if it says so. */
export class LineFile {
  /** The file as it was read or written last. Inodes alone do not tell files apart: a new one may have that of an old one. */
  #stamp: FileStamp = NO_FILE
  /** The end of the last line that was read or written, and the bytes before it. */
  #end = 0
  #mark: Buffer = Buffer.alloc(0)
  /** The file whose name in its folder is on disk. */
  #syncedInode = NO_FILE.ino
  /** How many bytes after `#end` a failed write may have left. */
  #remains = 0

  constructor(
    private readonly path: string,
    private readonly options: LineFileOptions,
    private readonly calls: FileCalls,
  ) {}

  /** Whether there may be lines to read; costs one stat. What a failed write has left counts as no line. */
  hasNews(): boolean {
    if (this.#remains > 0) return false
    return !sameStamp(this.#stamp, this.calls.statSync(this.path, { bigint: true, throwIfNoEntry: false }) ?? NO_FILE)
  }

  /** The file is gone, and with it all that was in it. */
  forget(): void {
    this.#stamp = NO_FILE
    this.#begin(0)
  }

  /** Reads what is new. `isLocked`: nobody else is writing, so what is left of a line is cut off. */
  read(fd: number, isLocked: boolean): void {
    const stats = this.calls.fstatSync(fd, { bigint: true })
    const size = Number(stats.size)
    const isFresh = !this.#isKnown(fd, stats.ino, size)
    const start = isFresh ? this.#firstLine(fd, size) : this.#end
    if (start < size || isFresh) this.#readLines(fd, start, size, isFresh, isLocked)
    this.#stamp = stats
  }

  /** Appends the lines and resolves once they are on disk. If that fails they are taken back, and it rejects. */
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
   * Takes back what a failed write has left, if anything. After a sync that failed a later one says nothing about the same
   * bytes: they must be gone before others are written.
   */
  async takeBack(fd: number): Promise<void> {
    if (this.#remains === 0) return
    const { ino, size } = this.calls.fstatSync(fd, { bigint: true })
    // Unless somebody has gone on writing after them: then they are lines like any others.
    if (ino === this.#stamp.ino && size <= this.#end + this.#remains) {
      this.calls.ftruncateSync(fd, this.#end)
      await syncFile(this.calls, fd, 'all')
    }
    this.#remains = 0
  }

  /** From now on the file is this one, which holds these bytes. */
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
    if (isLocked && valid < bytes.length) this.calls.ftruncateSync(fd, start + valid)
    if (isFresh) this.#begin(start)
    this.#goOn(bytes.subarray(0, valid))
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

/** The bytes of lines in a file. */
export const toBytes = (lines: readonly string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(''))
