import type { StoredPet } from '../../pets/pet'
import { StoreError } from '../store'
import type { JournalRecord } from './journal-record'
import { applyPatch, type PetChange, toPatch } from './pet-change'
import type { PetsFile } from './pets-file'
import type { PetsJournal } from './pets-journal'
import type { FileContent } from './pets-parse'
import { PetsState } from './pets-state'

/** How long an editor may take to save the file, in ms: to move it away and write it again, or to empty and fill it. */
const SAVE_MS = 50

/** Options of a view of the pets. */
interface ViewOptions {
  file: PetsFile
  journal: PetsJournal
  /** Makes the view read what others have appended to the journal. */
  poll: () => void
  /** Returns the last replaced version of the data file, if its file still exists. */
  replacedVersion: () => string | null
  /** Called for each change that is in the journal but not in the data file. `isOwn`: this server made it. */
  onBehind: (isOwn: boolean) => void
}

/** The pets in memory: the content of the data file with the changes of the journal. */
export class PetsView {
  readonly #options: ViewOptions
  readonly #file: PetsFile
  readonly #journal: PetsJournal
  readonly #state = new PetsState()
  #held = 0
  /** Whether to read the file even if it has not changed. */
  #isStale = true
  /** Whether somebody had removed the file when it was read. */
  #isRemoved = false
  /** Why the file is not a valid store. */
  #problem: StoreError | null = null
  /** When the file became missing or invalid, in ms of `performance.now()`. */
  #brokenAt = Number.NEGATIVE_INFINITY

  constructor(options: ViewOptions) {
    this.#options = options
    this.#file = options.file
    this.#journal = options.journal
  }

  /** The number of the last record in the file. */
  get held(): number {
    return this.#held
  }

  /** Whether an editor may be saving the file: it was valid a moment ago, and is now missing or invalid. */
  get isBeingSaved(): boolean {
    return !this.#isWhole && performance.now() - this.#brokenAt < SAVE_MS
  }

  /** Whether the journal has changes that the file does not have. */
  get isFileBehind(): boolean {
    return this.#journal.after(this.#held, this.#file.version).length > 0
  }

  /**
   * Returns the current pets. Throws a `StoreError` if the file is not a valid store. Costs two stats if nothing has
   * changed.
   */
  read(): PetsState {
    this.#options.poll()
    // The file may be gone again before the journal that belongs to it has begun.
    const isNewlyRemoved = this.#file.isMissing && !this.#isRemoved && this.#journal.isRemoved(null)
    if (this.#isStale || isNewlyRemoved || this.#file.isChanged()) {
      const wasWhole = this.#isWhole
      do if (!this.#follow()) this.#reread()
      while (this.#isStale || this.#file.isReplaced())
      if (wasWhole && !this.#isWhole) this.#brokenAt = performance.now()
    }
    if (this.#problem) throw this.#problem
    return this.#state
  }

  /** Reads lines that others have appended to the journal. Returns how many of them are complete. */
  takeIn(lines: string[], isFresh: boolean): number {
    const { count, news } = this.#journal.read(lines, isFresh)
    if (!news?.every((record) => this.#continues(record))) this.#isStale = true
    else if (!this.#isStale && !this.#problem) this.#apply(news)
    return count
  }

  /** Applies the changes of a record that this server has appended to the journal. */
  written(record: JournalRecord, changes: readonly PetChange[]): void {
    this.#isStale ||= !this.#continues(record)
    // If the file must be read again, its journal is read too.
    if (this.#isStale || this.#problem) return
    for (const change of changes) {
      const current = this.#state.get(change.id)
      // If the file was edited while the turn was written, apply the change to the edited pet.
      this.#put(change.id, current === change.before ? change.after : applyPatch(current, toPatch(change)))
    }
    if (changes.length > 0) this.#options.onBehind(true)
  }

  /**
   * Returns whether the record's changes belong to the pets in memory. If these are the pets since the removal of the
   * file, but the record's server saw a file, only reading both again can show which came first.
   */
  #continues({ isFileGone }: JournalRecord): boolean {
    return !this.#isRemoved || isFileGone === true
  }

  get #isWhole(): boolean {
    return this.#problem === null && !this.#file.isMissing
  }

  /** Returns whether servers replaced the file by a version whose changes are all in memory. */
  #follow(): boolean {
    if (this.#isStale || this.#problem || !this.#file.isSettled) return false
    // A server records the replacement in the journal first.
    this.#options.poll()
    const before = this.#file.version
    this.#file.look()
    const held = this.#journal.follow(before, this.#file.version)
    // The stat now belongs to other content. Even if reading that fails, the next read must not treat it as known.
    this.#isStale ||= held === null
    if (held === null || this.#isStale) return false
    this.#held = held
    this.#isRemoved = false
    return true
  }

  #reread(): void {
    if (this.#isStale) this.#file.forget()
    const content = this.#readFile()
    // If there is content, the pets are built from it and from the journal, which is then known at least up to the
    // state in which the file got this content.
    this.#isStale = content !== null
    this.#options.poll()
    if (!content) return
    this.#rebuild(content)
    this.#isStale = false
  }

  /** Returns the content; null if the file is invalid or unchanged. */
  #readFile(): FileContent | null {
    try {
      return this.#file.read()
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      this.#problem = error
      return null
    }
  }

  #rebuild({ pets, seq, extras }: FileContent): void {
    const { version } = this.#file
    this.#problem = null
    this.#isRemoved = this.#journal.isRemoved(version)
    this.#state.reset(pets, extras)
    this.#state.raiseSeq(Math.max(seq, this.#journal.seq))
    this.#held = this.#journal.heldBy(version, this.#options.replacedVersion(), (id) => this.#state.get(id) !== null)
    this.#apply(this.#journal.after(this.#held, version))
  }

  #apply(records: readonly JournalRecord[]): void {
    const patches = records.flatMap(({ changes }) => changes ?? [])
    for (const patch of patches) this.#put(patch.id, applyPatch(this.#state.get(patch.id), patch))
    if (patches.length > 0) this.#options.onBehind(false)
  }

  #put(id: string, pet: StoredPet | null): void {
    if (pet) this.#state.set(pet)
    else this.#state.delete(id)
  }
}
