import type { StoredPet } from '../../pets/pet'
import { StoreError } from '../store'
import type { JournalRecord } from './journal-record'
import { applyPatch, type PetChange, toPatch } from './pet-change'
import type { PetsFile } from './pets-file'
import type { PetsJournal } from './pets-journal'
import type { FileContent } from './pets-parse'
import { PetsState } from './pets-state'

/** How long an editor may take to save the file: to move it away and write it again, or to empty it and fill it, in ms. */
const SAVE_MS = 50

/** What a view of the pets is told, and asks. */
export interface ViewOptions {
  file: PetsFile
  journal: PetsJournal
  /** Has the view take in what others have appended to the journal. */
  poll: () => void
  /** Returns the version of the data file that was taken out last, if it is still there. */
  replacedVersion: () => string | null
  /** Told, with each change, that the data file is behind the journal, and whether the change is this server's own. */
  onBehind: (isOwn: boolean) => void
}

/** The pets in memory: what the data file holds, and what the records of the journal make of that. */
export class PetsView {
  readonly #options: ViewOptions
  readonly #file: PetsFile
  readonly #journal: PetsJournal
  readonly #state = new PetsState()
  #held = 0
  /** Whether the file is to be read even if it has not changed. */
  #isStale = true
  /** Whether somebody had removed the file when it was read. */
  #isRemoved = false
  /** Why the file is not a valid store. */
  #problem: StoreError | null = null
  /** When the file was found missing or invalid after it had been neither, as `performance.now()` counts. */
  #brokenAt = Number.NEGATIVE_INFINITY

  constructor(options: ViewOptions) {
    this.#options = options
    this.#file = options.file
    this.#journal = options.journal
  }

  /** The number of the last record that the file holds. */
  get held(): number {
    return this.#held
  }

  /** Whether an editor may be in the middle of saving the file: it was whole a moment ago, and is missing or invalid. */
  get isBeingSaved(): boolean {
    return !this.#isWhole && performance.now() - this.#brokenAt < SAVE_MS
  }

  /** Whether the journal holds changes that the file does not. */
  get isFileBehind(): boolean {
    return this.#journal.after(this.#held, this.#file.version).length > 0
  }

  /** Returns the pets as of now; throws a `StoreError` if the file is not a valid store. Costs two stats if nothing has changed. */
  read(): PetsState {
    this.#options.poll()
    if (this.#isStale || this.#file.isChanged()) {
      const wasWhole = this.#isWhole
      do if (!this.#follow()) this.#reread()
      while (this.#isStale || this.#file.isReplaced())
      if (wasWhole && !this.#isWhole) this.#brokenAt = performance.now()
    }
    if (this.#problem) throw this.#problem
    return this.#state
  }

  /** Takes in what others have appended to the journal; returns how many of the lines are whole. */
  takeIn(lines: string[], isFresh: boolean): number {
    const { count, news } = this.#journal.read(lines, isFresh)
    if (!news) this.#isStale = true
    else if (!this.#isStale && !this.#problem) this.#apply(this.#isRemoved ? news.filter(isOfRemovedFile) : news)
    return count
  }

  /** Takes in the changes that this server has appended to the journal. */
  written(changes: readonly PetChange[]): void {
    // What is to be read again is read with the journal.
    if (this.#isStale || this.#problem) return
    for (const change of changes) {
      const current = this.#state.get(change.id)
      // If the file was edited while the turn was written, the change is made to the edited pet.
      this.#put(change.id, current === change.before ? change.after : applyPatch(current, toPatch(change)))
    }
    if (changes.length > 0) this.#options.onBehind(true)
  }

  get #isWhole(): boolean {
    return this.#problem === null && this.#file.version !== null
  }

  /** Returns whether the file was replaced by a version that holds nothing that memory does not. */
  #follow(): boolean {
    if (this.#isStale || this.#problem || !this.#file.isSettled) return false
    // Whoever replaces it notes that in the journal before.
    this.#options.poll()
    const before = this.#file.version
    this.#file.look()
    const held = this.#journal.follow(before, this.#file.version)
    if (held === null || this.#isStale) return false
    this.#held = held
    this.#isRemoved = false
    return true
  }

  #reread(): void {
    if (this.#isStale) this.#file.forget()
    this.#isStale = true
    const content = this.#readFile()
    // Now the journal is known as far as it was written when the file came to hold this.
    this.#options.poll()
    if (content) this.#rebuild(content)
    this.#isStale = false
  }

  /** Returns null if the file is invalid, or still holds what it did. */
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

const isOfRemovedFile = ({ isFileGone }: JournalRecord): boolean => isFileGone === true
