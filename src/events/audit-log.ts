import { appendFileSync, closeSync, fdatasync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { tryLock, waitForLock } from 'fs-native-extensions'
import { type Audit, type AuditEntry, type AuditNews, keyOf } from './audit'
import { readAuditFile } from './audit-file-reader'

const sync = promisify(fdatasync)

/** How much of the trail's end is searched for an event that was delivered before, in bytes. */
const RECENT_BYTES = 256 * 1024

/** How many events are remembered, so that a process that keeps running need not search the file. */
const RECENT_EVENTS = 10_000

interface Waiting {
  entry: AuditEntry
  resolve: () => void
  reject: (error: unknown) => void
}

/** The key of a line of the file; none for one that the window's edge, or a person, made unreadable. */
const readKey = (text: string): string[] => {
  try {
    return [keyOf(JSON.parse(text))]
  } catch {
    return []
  }
}

/**
 * The end of a file: its last `RECENT_BYTES`, or more where its last line begins before those, but nothing before `start`,
 * the beginning of a line.
 */
const readEnd = (file: number, start: number, size: number): Buffer => {
  for (let length = RECENT_BYTES; ; length *= 4) {
    const from = Math.max(start, size - length)
    const buffer = Buffer.alloc(size - from)
    readSync(file, buffer, 0, buffer.length, from)
    if (from === start || buffer.includes('\n')) return buffer
  }
}

/**
 * The audit trail in a file: one JSON line per event. Entries that arrive while others are being written go out together in the next
 * turn; a turn holds a kernel lock on the file, so lines of several processes never interleave, and what a crash left of a
 * line, which was never acknowledged, is cut off before the next is written.
 */
export class AuditLog implements Audit {
  readonly #file: string
  readonly #now: () => number
  readonly #known = new Set<string>()
  /** The size of the file up to which `#known` has read it. */
  #end = 0
  #inode = 0
  #waiting: Waiting[] = []
  #isWriting = false

  /** `now` gives epoch ms. */
  constructor(file: string, now: () => number = () => Date.now()) {
    this.#file = file
    this.#now = now
  }

  /** Appends the entry and resolves once it is on disk. An event that is among the recent ones already is not repeated. */
  append(entry: AuditEntry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject })
      if (!this.#isWriting) void this.#writeAll()
    })
  }

  readAfter(end: string | undefined): Promise<AuditNews> {
    return readAuditFile(this.#file, end)
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true
    while (this.#waiting.length > 0) {
      const turn = this.#waiting
      this.#waiting = []
      try {
        await this.#write(turn.map(({ entry }) => entry))
        for (const { resolve } of turn) resolve()
      } catch (error) {
        for (const { reject } of turn) reject(error)
      }
    }
    this.#isWriting = false
  }

  async #write(entries: AuditEntry[]): Promise<void> {
    // All but the lock and the sync takes microseconds: less than handing it to a thread.
    const file = this.#open()
    try {
      if (!tryLock(file)) await waitForLock(file)
      this.#catchUp(file)
      const fresh = new Map<string, AuditEntry>()
      for (const entry of entries) if (!this.#known.has(keyOf(entry))) fresh.set(keyOf(entry), entry)
      if (fresh.size === 0) return
      const text = [...fresh.values()].map((entry) => `${JSON.stringify({ at: this.#now(), ...entry })}\n`).join('')
      appendFileSync(file, text)
      await sync(file)
      this.#remember([...fresh.keys()])
      this.#end += Buffer.byteLength(text)
    } finally {
      closeSync(file)
    }
  }

  #open(): number {
    mkdirSync(dirname(this.#file), { recursive: true })
    return openSync(this.#file, 'a+')
  }

  /** Reads what others have written since the last turn, and mends the end of the file. */
  #catchUp(file: number): void {
    const { size, ino } = fstatSync(file)
    const isSameFile = ino === this.#inode && size >= this.#end
    const buffer = readEnd(file, isSameFile ? this.#end : 0, size)
    this.#inode = ino
    this.#end = size
    if (buffer.length === 0) return
    const lastLine = buffer.subarray(buffer.lastIndexOf(0x0a) + 1)
    this.#remember(buffer.toString().split('\n').flatMap(readKey))
    if (lastLine.length === 0) return
    if (readKey(lastLine.toString()).length > 0) {
      appendFileSync(file, '\n')
      this.#end += 1
    } else {
      ftruncateSync(file, size - lastLine.length)
      this.#end -= lastLine.length
    }
  }

  #remember(keys: string[]): void {
    for (const key of keys) this.#known.add(key)
    for (const key of this.#known) {
      if (this.#known.size <= RECENT_EVENTS) break
      this.#known.delete(key)
    }
  }
}
