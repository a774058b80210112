import { join } from 'node:path'
import { exists, type FileCalls, isMissing, nodeFiles } from '../../files/file-calls'
import { keepDamaged } from '../../files/set-aside'
import { isDamaged, readRecords } from './journal-records'
import type { Message } from './message'
import { JOURNAL_SUFFIX, type OpenJournal, type QueueJournal, removeJournal } from './queue-journal'

/**
 * The journals of the other processes of a folder. This process takes over journals whose locks are free: their
 * processes are dead.
 */
export class OtherJournals {
  /** Journals whose messages this process's journal could not store. They stay, and stay locked, until it can. */
  readonly #taken: OpenJournal[] = []
  #isFailing = false

  constructor(
    private readonly folder: string,
    private readonly own: QueueJournal,
    private readonly calls: FileCalls = nodeFiles,
  ) {}

  /**
   * Passes the messages of dead processes to `take`, which writes them to this process's journal, then removes the old
   * journals. Journals that cannot be taken over stay for the next call.
   */
  adopt(take: (messages: Message[]) => void): void {
    for (const path of this.#paths()) this.#try(() => this.#adoptFrom(path, take))
    if (!this.own.isSafe || this.#taken.length === 0) return
    this.#try(() => {
      // Messages that were synced in their journals must be synced in this one first.
      this.own.sync()
      for (const journal of this.#taken.splice(0)) removeJournal(this.calls, journal)
    })
  }

  /** Returns the ids of the owed events in the queues of other processes, live or dead. */
  eventIds(): Set<string> {
    const ids = new Set<string>()
    for (const path of this.#paths()) {
      this.#try(() => {
        // Its process has replaced it by a new file, which the next sweep finds.
        if (!exists(this.calls, path)) return
        for (const { eventId } of readRecords(this.calls.readFileSync(path, 'utf8')))
          if (eventId !== undefined) ids.add(eventId)
      })
    }
    return ids
  }

  close(): void {
    for (const { fd } of this.#taken.splice(0)) this.calls.closeSync(fd)
  }

  #adoptFrom(path: string, take: (messages: Message[]) => void): void {
    const journal = lockJournal(this.calls, path)
    if (!journal) return
    try {
      const text = this.calls.readFileSync(journal.fd, 'utf8')
      if (isDamaged(text)) keepDamaged(path, this.calls)
      take(readRecords(text))
      this.#taken.push(journal)
    } catch (error) {
      this.calls.closeSync(journal.fd)
      throw error
    }
  }

  #paths(): string[] {
    let names: string[] = []
    this.#try(() => {
      names = exists(this.calls, this.folder) ? this.calls.readdirSync(this.folder) : []
    })
    const journals = names.filter((name) => name.endsWith(JOURNAL_SUFFIX)).map((name) => join(this.folder, name))
    return journals.filter((path) => path !== this.own.path)
  }

  /** Runs `work`. An unreadable journal must not stop the server. Warns once, because this is tried often. */
  #try(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!this.#isFailing) console.warn(`Cannot take over a queue journal in ${this.folder}:`, error)
      this.#isFailing = true
    }
  }
}

/** Opens and locks a journal; undefined if another process has its lock, or the file is gone. */
const lockJournal = (calls: FileCalls, path: string): OpenJournal | undefined => {
  let fd: number
  try {
    fd = calls.openSync(path, 'r+')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  let isLocked = false
  try {
    // Another process may have taken over and removed it before this one got the lock.
    isLocked = calls.tryLock(fd) && calls.fstatSync(fd).nlink > 0
  } finally {
    if (!isLocked) calls.closeSync(fd)
  }
  return isLocked ? { fd, path } : undefined
}
