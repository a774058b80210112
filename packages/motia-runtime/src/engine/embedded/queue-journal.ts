import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { closeSynced, type FileCalls, nodeFiles, openInFolder, syncFolderNow, writeAll } from '../../files/file-calls'
import { addRecord, type Change, changeRecord } from './journal-records'
import type { Message } from './message'

/** The suffix of journals' names. */
export const JOURNAL_SUFFIX = '.journal'

/** The size from which a journal of mostly finished messages is rewritten, in bytes. */
const MAX_FINISHED_BYTES = 1_000_000

/** About how long an `add` record is without its event, in bytes. */
const RECORD_BYTES = 150

/**
 * The unfinished messages of this process, in a file of its own, so that they survive it. The file is written once per
 * turn of the event loop. It is synced only by `sync`: the kernel keeps what a killed process has written, and the
 * outbox sends again what a power cut destroys. The process holds the kernel's lock on the file. Another process that
 * gets the lock takes the messages over (see `other-journals.ts`).
 */
export class QueueJournal {
  readonly #pending = new Map<string, Message>()
  #records = ''
  #file: OpenJournal | undefined
  /** The file whose name in its folder is on disk. */
  #syncedPath = ''
  #size = 0
  /** About how many bytes the `add` records of pending messages take. */
  #pendingBytes = 0
  #isFailing = false
  #isClosed = false
  #written: Promise<void> | undefined
  #onWritten = () => {}

  constructor(
    private readonly folder: string,
    private readonly calls: FileCalls = nodeFiles,
  ) {}

  /** The path of this process's file, if it has one. */
  get path(): string | undefined {
    return this.#file?.path
  }

  /** Returns whether the message with that id is unfinished. */
  has(id: string): boolean {
    return this.#pending.has(id)
  }

  add(message: Message): void {
    this.#pending.set(message.id, message)
    this.#pendingBytes += message.text.length + RECORD_BYTES
    this.#records += addRecord(message)
  }

  note(change: Exclude<Change, 'end'>, message: Message): void {
    this.#records += changeRecord(change, message)
  }

  end(message: Message): void {
    if (!this.#pending.delete(message.id)) return
    this.#pendingBytes -= message.text.length + RECORD_BYTES
    this.#records += changeRecord('end', message)
  }

  /** Whether everything flushed is in the file. */
  get isSafe(): boolean {
    return !this.#isFailing
  }

  /** Resolves once the records of this turn of the event loop are written. */
  written(): Promise<void> {
    this.#written ??= new Promise((resolve) => {
      this.#onWritten = resolve
    })
    return this.#written
  }

  /** Writes the new records. Never throws: if writing fails, messages are in memory only until `recover` succeeds. */
  flush(): void {
    if (this.#records !== '') this.#write()
    this.#onWritten()
    this.#written = undefined
  }

  /** Tries again to write pending messages after a failure. */
  recover(): void {
    if (!this.#isFailing || this.#isClosed) return
    try {
      this.#beginAgain()
      this.#isFailing = false
      console.info('The queue journal works again')
    } catch {
      // It still fails. The warning has been logged.
    }
  }

  /** Writes and syncs the new records. Throws if that fails. */
  sync(): void {
    this.flush()
    if (this.#isFailing) throw new Error(`The queue journal in ${this.folder} cannot be written`)
    if (this.#file) this.#sync(this.#file)
  }

  /** Closes the file. It stays if it contains messages for the next process. */
  close(): void {
    if (this.#isClosed) return
    this.flush()
    this.recover()
    const { size } = this.#pending
    if (this.#isFailing && size > 0)
      console.warn(`Queued events lost because the queue journal cannot be written: ${size}`)
    if (this.#file) {
      if (size === 0) removeJournal(this.calls, this.#file)
      else this.calls.closeSync(this.#file.fd)
    }
    this.#file = undefined
    this.#isClosed = true
  }

  #write(): void {
    const records = Buffer.from(this.#records)
    this.#records = ''
    if (this.#isFailing || this.#isClosed) return
    try {
      if (this.#file && this.#size - 2 * this.#pendingBytes < MAX_FINISHED_BYTES) {
        writeAll(this.calls, this.#file.fd, records)
        this.#size += records.length
      } else {
        this.#beginAgain()
      }
    } catch (error) {
      this.#isFailing = true
      console.warn(`Cannot write the queue journal in ${this.folder}, so queued events are only in memory:`, error)
    }
  }

  /** Writes all pending messages to a new file, and removes the old one. */
  #beginAgain(): void {
    const records = Buffer.from(Array.from(this.#pending.values(), addRecord).join(''))
    const file = create(this.calls, this.folder)
    try {
      writeAll(this.calls, file.fd, records)
      // The old file may contain synced records.
      if (this.#file) this.#sync(file)
    } catch (error) {
      removeJournal(this.calls, file)
      throw error
    }
    if (this.#file) removeJournal(this.calls, this.#file)
    this.#file = file
    this.#size = records.length
  }

  #sync(file: OpenJournal): void {
    try {
      this.calls.fsyncSync(file.fd)
      if (file.path !== this.#syncedPath) syncFolderNow(this.calls, this.folder)
    } catch (error) {
      // A later sync would say nothing about the bytes that this one lost, so the messages must go to another file.
      this.#isFailing = true
      throw error
    }
    this.#syncedPath = file.path
  }
}

/** A journal that this process has open and locked. */
export interface OpenJournal {
  fd: number
  path: string
}

/** Creates and locks a file. */
const create = (calls: FileCalls, folder: string): OpenJournal => {
  for (;;) {
    const path = join(folder, `${randomBytes(6).toString('hex')}${JOURNAL_SUFFIX}`)
    const fd = openInFolder(calls, path, 'ax')
    try {
      // Before it was locked, another process may have taken it for that of a dead process, and removed it.
      if (calls.tryLock(fd) && calls.fstatSync(fd).nlink > 0) return { fd, path }
    } catch (error) {
      removeJournal(calls, { fd, path })
      throw error
    }
    calls.closeSync(fd)
  }
}

/** Removes a journal and releases its lock. Never throws. */
export const removeJournal = (calls: FileCalls, { fd, path }: OpenJournal): void => {
  try {
    calls.rmSync(path)
  } catch {
    // Somebody has removed it, or it stays. Then another process takes its messages over, and some may run twice.
  }
  closeSynced(calls, fd)
}
