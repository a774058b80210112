import { setTimeout as sleep } from 'node:timers/promises'
import { type FileCalls, LineLog, replaceFile, versionAt, withFileLock, writeFile } from 'motia-runtime'
import type { StoredPet } from '../../pets/pet'
import { StoreError } from '../store'
import type { JournalRecord } from './journal-record'
import { applyPatch, toPatch } from './pet-change'
import { PetsDraft } from './pets-draft'
import { PetsFile } from './pets-file'
import { type JournalEntry, PetsJournal } from './pets-journal'
import type { FileContent } from './pets-parse'
import { PetsState } from './pets-state'
import { PetsText } from './pets-text'

/** How long the file is left alone after an editor touched it, in ms. */
const SETTLE_MS = 25

/**
 * The pets of a data folder: what `pets.json` holds, and what the journal beside it, `pets.journal`, adds to that. A change is
 * appended to the journal. `update` brings the file up to date, and begins the journal again.
 */
export class PetsFolder {
  readonly #state = new PetsState()
  readonly #journal = new PetsJournal()
  readonly #text = new PetsText()
  readonly #file: PetsFile
  readonly #log: LineLog<JournalEntry>
  #draft = new PetsDraft(this.#state)
  #pending: JournalRecord | null = null
  /** The number of the last record that the file holds. */
  #held = 0
  /** Whether the pets in memory are to be read again. */
  #isStale = true
  /** How often the file was read. */
  #readings = 0
  /** Why the file is no valid store. */
  #problem: StoreError | null = null

  /** `onBehind` is told, with each change, that the file is behind the journal, and by whose change. */
  constructor(
    private readonly path: string,
    private readonly calls: FileCalls,
    private readonly onBehind: (whose: 'own' | 'others') => void,
  ) {
    this.#file = new PetsFile(path, calls)
    this.#log = new LineLog(this.#journalPath, {
      calls,
      // Who may read the pets may read the journal, and this process must be able to go on with it.
      access: () => this.#file.access && { ...this.#file.access, mode: this.#file.access.mode | 0o600 },
      onLines: (lines, isFresh) => this.#takeIn(lines, isFresh),
      beforeTurn: () => this.#beginTurn(),
      encode: (entries) => {
        this.#pending = this.#journal.next(entries, this.#file.version, this.#state.seq)
        return [this.#pending.line]
      },
      onWritten: (entries) => this.#finishTurn(entries),
    })
  }

  get #journalPath(): string {
    return this.path.replace(/json$/, 'journal')
  }

  get #tempPath(): string {
    return `${this.path}.tmp`
  }

  /** Returns the pets as of now; throws a `StoreError` if they cannot be read. Costs two stats if nothing has changed. */
  read(): PetsState {
    this.#log.poll()
    if (this.#isStale || this.#file.isChanged()) this.#load()
    if (this.#problem) throw this.#problem
    return this.#state
  }

  /**
   * Runs `work` in the next turn and resolves to its value once what it adds is on disk, as `LineLog` does. The draft shows
   * the pets, and what others in the same turn have made of them.
   */
  change<T>(work: (draft: PetsDraft) => { entries: JournalEntry[]; value: T }, patienceMs: number): Promise<T> {
    return this.#log.turn(() => work(this.#draft), patienceMs)
  }

  #isFileBehind(): boolean {
    return this.#journal.after(this.#held, this.#file.version).length > 0
  }

  /** Brings the file up to date, in slices that leave others their turn, and begins the journal again. */
  async update(): Promise<void> {
    await this.#log.flush()
    this.read()
    const temps = [this.#tempPath, `${this.#journalPath}.tmp`]
    const isLeft = temps.some((path) => versionAt(this.calls, path) !== null)
    if (!isLeft && !this.#isFileBehind()) return
    const update = async () => {
      await this.#letSettle()
      // A server was killed in the middle of this. What it left may be all that tells what the file holds: note that first.
      if (isLeft && !this.#journal.isEmpty) {
        await this.#rewriteJournal(async () => this.#journal.restarted(this.#file.version, this.#held, this.#state.seq))
      }
      // If the file is edited meanwhile, the edit is taken in, and the file written again on top of it.
      while (this.#isFileBehind() && !(await this.#replaceFile())) await this.#letSettle()
      for (const path of temps) this.calls.rmSync(path, { force: true })
    }
    await withFileLock(`${this.path}.lock`, update, { calls: this.calls })
  }

  /** Removes the journal, if the file holds all of it. */
  async removeJournal(): Promise<void> {
    if (this.#journal.isEmpty) return
    await this.#log.rewrite(async () => (this.read() && !this.#isFileBehind() ? 'removed' : null))
  }

  /** Waits a moment if an editor is at work: the file was saved just now, or moved away to be saved under its name. */
  async #letSettle(): Promise<void> {
    this.read()
    if (this.#file.isSettled && !this.#journal.isRemoved(this.#file.version)) return
    await sleep(SETTLE_MS)
    this.read()
  }

  /** Returns false if the file was edited meanwhile. */
  async #replaceFile(): Promise<boolean> {
    this.#checkWritable()
    const { seq } = this.#state
    const holds = this.#journal.last
    const replaced = this.#file.version
    const readings = this.#readings
    const parts = this.#text.parts(this.#state, this.#state.list())
    this.calls.closeSync(await writeFile(this.calls, this.#tempPath, parts, this.#file.access))
    const by = versionAt(this.calls, this.#tempPath) ?? ''
    return this.#rewriteJournal(async (append) => {
      this.read()
      if (this.#readings !== readings) return null
      await append([{ replacing: { file: replaced, by, holds } }])
      if (!(await replaceFile(this.calls, this.path, this.#tempPath, replaced))) return null
      this.read()
      return this.#journal.restarted(by, holds, seq)
    })
  }

  async #rewriteJournal(
    make: (append: (entries: JournalEntry[]) => Promise<void>) => Promise<JournalRecord[] | null>,
  ): Promise<boolean> {
    let records: JournalRecord[] | null = null
    await this.#log.rewrite(async (append) => {
      records = await make(append)
      return records?.map(({ line }) => line) ?? null
    })
    if (records) this.#journal.restart(records)
    return records !== null
  }

  #checkWritable(): void {
    // A rename would not heed it.
    if (this.#file.access && (this.#file.access.mode & 0o222) === 0) {
      throw new StoreError('STORE_UNAVAILABLE', 'The data file is read-only')
    }
  }

  /** Takes in what others have appended to the journal; returns how many of the lines are whole. */
  #takeIn(lines: string[], isFresh: boolean): number {
    const { count, news } = this.#journal.read(lines, isFresh)
    if (!news) this.#isStale = true
    else if (!this.#isStale && !this.#problem) this.#apply(news)
    return count
  }

  #apply(records: readonly JournalRecord[]): void {
    for (const record of records) {
      if (!this.#journal.concerns(record, this.#file.version)) continue
      for (const patch of record.changes ?? []) this.#put(patch.id, applyPatch(this.#state.get(patch.id), patch))
      this.#state.raiseSeq(record.seq ?? 0)
    }
    if (records.length > 0) this.onBehind('others')
  }

  #put(id: string, pet: StoredPet | null): void {
    if (pet) this.#state.set(pet)
    else this.#state.delete(id)
  }

  #beginTurn(): void {
    this.read()
    this.#checkWritable()
    this.#draft = new PetsDraft(this.#state)
  }

  #finishTurn(entries: JournalEntry[]): void {
    if (this.#pending) this.#journal.add(this.#pending)
    // What a reader has found meanwhile is read again, and the journal with it.
    if (this.#isStale || this.#problem) return
    for (const entry of entries) {
      if ('seq' in entry) this.#state.raiseSeq(entry.seq)
      if (!('change' in entry)) continue
      const { id, before, after } = entry.change
      const current = this.#state.get(id)
      // If the file was edited while the turn was written, the change is made to the edited pet.
      this.#put(id, current === before ? after : applyPatch(current, toPatch(entry.change)))
    }
    if (!entries.some((entry) => 'replacing' in entry)) this.onBehind('own')
  }

  #load(): void {
    do if (!this.#follow()) this.#reread()
    while (this.#isStale || this.#file.isReplaced())
  }

  /** Returns whether the file was replaced by a version that holds what memory holds already. */
  #follow(): boolean {
    if (this.#isStale || this.#problem || !this.#file.isSettled) return false
    // Whoever replaced it has noted that in the journal before.
    this.#log.poll()
    const before = this.#file.version
    this.#file.look()
    const held = this.#journal.follow(before, this.#file.version)
    if (held === null || this.#isStale) return false
    this.#held = held
    return true
  }

  #reread(): void {
    if (this.#isStale) this.#file.forget()
    this.#isStale = true
    const content = this.#readFile()
    // All that servers wrote before the file came to hold this is known after that.
    this.#log.poll()
    if (content) this.#rebuild(content)
    this.#isStale = false
  }

  /** Returns null if the file is invalid, or holds what it did before. */
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
    this.#problem = null
    this.#readings += 1
    const { version } = this.#file
    const replaced = versionAt(this.calls, this.#tempPath)
    this.#state.reset(pets, extras)
    this.#held = this.#journal.heldBy(version, replaced, (id) => this.#state.get(id) !== null)
    this.#state.raiseSeq(Math.max(seq, this.#journal.seq))
    this.#apply(this.#journal.after(this.#held, version))
  }
}
