import { setTimeout as sleep } from 'node:timers/promises'
import { type FileCalls, LineLog, replaceFile, versionAt, withFileLock, writeFile } from 'motia-runtime'
import { StoreError, type Written } from '../store'
import type { JournalRecord } from './journal-record'
import { type PetChange, toPatch } from './pet-change'
import { PetsDraft } from './pets-draft'
import { PetsFile } from './pets-file'
import { PetsJournal, type Replacement } from './pets-journal'
import type { PetsState } from './pets-state'
import { PetsText } from './pets-text'
import { PetsView } from './pets-view'

/** How long the file is left alone after an editor touched it, in ms. */
const SETTLE_MS = 25

/** What is written to the journal: the change of a pet, or that the file is about to be replaced. */
type Entry = { change: PetChange } | { replacing: Replacement }

/** What a piece of work changes, and what its caller gets once that is on disk. */
export interface Outcome<T> {
  changes: PetChange[]
  value: T
}

/**
 * The pets of a data folder: `pets.json`, and the journal beside it, `pets.journal`. A change is appended to the journal.
 * `update` brings the file up to date, and begins the journal again.
 */
export class PetsFolder {
  readonly #path: string
  readonly #tempPath: string
  readonly #journalPath: string
  readonly #calls: FileCalls
  readonly #file: PetsFile
  readonly #journal = new PetsJournal()
  readonly #view: PetsView
  readonly #log: LineLog<Entry>
  readonly #text = new PetsText()
  readonly written: Written = { writes: 0, changes: 0 }
  #draft: PetsDraft | undefined
  #writing: JournalRecord | undefined

  /** `onBehind` is told, with each change, that the file is behind the journal, and whether the change is this server's own. */
  constructor(path: string, calls: FileCalls, onBehind: (isOwn: boolean) => void) {
    this.#path = path
    this.#tempPath = `${path}.tmp`
    this.#journalPath = path.replace(/\.json$/, '.journal')
    this.#calls = calls
    this.#file = new PetsFile(path, calls)
    this.#view = new PetsView({
      file: this.#file,
      journal: this.#journal,
      poll: () => this.#log.poll(),
      replacedVersion: () => versionAt(calls, this.#tempPath),
      onBehind,
    })
    this.#log = new LineLog<Entry>(this.#journalPath, {
      calls,
      // Who may read the pets may read the journal; this process must be able to go on with it in any case.
      access: () => this.#file.access && { ...this.#file.access, mode: this.#file.access.mode | 0o600 },
      onLines: (lines, isFresh) => this.#view.takeIn(lines, isFresh),
      beforeTurn: () => {
        this.#draft = new PetsDraft(this.#view.read())
        this.#checkWritable()
      },
      encode: (entries) => this.#encode(entries),
      onWritten: (entries) => {
        if (this.#writing) this.#journal.add(this.#writing)
        const changes = changesIn(entries)
        this.#view.written(changes)
        if (changes.length > 0) this.written.writes += 1
        this.written.changes += changes.length
      },
    })
  }

  /** The files beside `pets.json` that hold no pets: they can be made again. */
  get ownPaths(): string[] {
    return [this.#tempPath, `${this.#path}.lock`, `${this.#journalPath}.tmp`]
  }

  /** Whether an editor may be in the middle of saving the file, as far as the last read tells. */
  get isBeingSaved(): boolean {
    return this.#view.isBeingSaved
  }

  /** Returns the pets as of now; throws a `StoreError` if the file or the journal is invalid, or a system call's error. */
  read(): PetsState {
    return this.#view.read()
  }

  /**
   * Runs `work` in the next turn and resolves to its value once its changes are on disk, as `LineLog` does. The draft shows the
   * pets, and what others in the same turn have made of them.
   */
  change<T>(work: (draft: PetsDraft) => Outcome<T>, patienceMs: number): Promise<T> {
    return this.#log.turn(() => {
      const draft = this.#draft ?? new PetsDraft(this.read())
      const { changes, value } = work(draft)
      draft.make(changes)
      return { entries: changes.map((change) => ({ change })), value }
    }, patienceMs)
  }

  /**
   * Puts an edit back that a server took out by an exchange, if it died before it could do so. Whatever else it left is up to
   * `update`.
   */
  async putBackEdit(): Promise<void> {
    if (versionAt(this.#calls, this.#tempPath) === null) return
    await withFileLock(`${this.#path}.lock`, () => this.#putBackEdit(), { calls: this.#calls })
  }

  /** Brings the file up to date, in slices that leave others their turn, and begins the journal again. */
  async update(): Promise<void> {
    await this.#log.flush()
    this.read()
    const temps = [this.#tempPath, `${this.#journalPath}.tmp`]
    const isLeft = temps.some((path) => versionAt(this.#calls, path) !== null)
    if (!isLeft && !this.#view.isFileBehind) return
    const update = async () => {
      await this.#putBackEdit()
      await this.#letSettle()
      // Somebody edited the file, or a server was killed in the middle of this. What it left may be all that tells what the
      // file holds: note that first.
      const { version } = this.#file
      if (version !== null && version !== this.#journal.file) await this.#noteWhatFileHolds()
      // If the file is edited meanwhile, the edit is taken in, and the file written again on top of it.
      while (this.#view.isFileBehind && !(await this.#replaceFile())) await this.#letSettle()
      for (const path of temps) this.#calls.rmSync(path, { force: true })
    }
    await withFileLock(`${this.#path}.lock`, update, { calls: this.#calls })
  }

  /** Removes the journal, if the file holds all of it. */
  async removeJournal(): Promise<void> {
    if (this.#journal.isEmpty) return
    const check = async () => (this.read() && !this.#view.isFileBehind ? 'removed' : null)
    await this.#log.rewrite(check, () => this.#journal.restart([]))
  }

  /** Waits a moment if an editor is at work: the file was saved just now, or moved away to be saved under its name. */
  async #letSettle(): Promise<void> {
    this.read()
    if (this.#file.isSettled && !this.#journal.isRemoved(this.#file.version)) return
    await sleep(SETTLE_MS)
    this.read()
  }

  async #putBackEdit(): Promise<void> {
    this.read()
    const { version } = this.#file
    const replaced = this.#journal.unfinished(version)?.file ?? null
    const left = versionAt(this.#calls, this.#tempPath)
    // The exchange left there what it took out, and nothing has been written there since.
    const isEdit = replaced !== null && left !== null && left !== replaced
    if (isEdit) await replaceFile(this.#calls, this.#path, this.#tempPath, version)
  }

  async #noteWhatFileHolds(): Promise<void> {
    if (this.#journal.isEmpty) return
    await this.#restartJournal(async () => {
      const { seq } = this.read()
      return this.#journal.restarted(this.#file.version, this.#view.held, seq)
    })
  }

  /** Returns false if the file was edited meanwhile. */
  async #replaceFile(): Promise<boolean> {
    this.#checkWritable()
    if (!this.#file.isSettled) return false
    const state = this.read()
    const { seq } = state
    const [file, holds] = [this.#file.version, this.#journal.last]
    const parts = this.#text.parts(state, state.list())
    this.#calls.closeSync(await writeFile(this.#calls, this.#tempPath, parts, this.#file.access))
    const by = versionAt(this.#calls, this.#tempPath) ?? ''
    return this.#restartJournal(async (append) => {
      this.read()
      if (this.#file.version !== file) return null
      await append([{ replacing: { file, by, holds } }])
      if (!(await replaceFile(this.#calls, this.#path, this.#tempPath, file))) return null
      this.read()
      return this.#journal.restarted(by, holds, seq)
    })
  }

  /** Returns whether `make` returned records, with which the journal has begun again. */
  async #restartJournal(
    make: (append: (entries: Entry[]) => Promise<void>) => Promise<JournalRecord[] | null>,
  ): Promise<boolean> {
    let records: JournalRecord[] | null = null
    await this.#log.rewrite(
      async (append) => {
        records = await make(append)
        return records?.map(({ line }) => line) ?? null
      },
      () => this.#journal.restart(records ?? []),
    )
    return records !== null
  }

  #encode(entries: Entry[]): string[] {
    const changes = changesIn(entries).map(toPatch)
    const replacing = entries.flatMap((entry) => ('replacing' in entry ? entry.replacing : []))[0]
    const addition = { ...(changes.length > 0 && { changes }), ...(replacing && { replacing }) }
    this.#writing = this.#journal.next(addition, this.#file.version, this.read().seq)
    return [this.#writing.line]
  }

  #checkWritable(): void {
    // A rename would not heed it.
    if (this.#file.access && (this.#file.access.mode & 0o222) === 0) {
      throw new StoreError('STORE_UNAVAILABLE', 'The data file is read-only')
    }
  }
}

const changesIn = (entries: Entry[]): PetChange[] => entries.flatMap((entry) => ('change' in entry ? entry.change : []))
