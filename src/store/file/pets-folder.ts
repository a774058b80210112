import { setTimeout as sleep } from 'node:timers/promises'
import { type FileCalls, LineLog, replaceFile, versionAt, withFileLock, writeFile } from 'motia-runtime'
import { StoreError } from '../store'
import type { JournalRecord } from './journal-record'
import { type PetChange, toPatch } from './pet-change'
import { PetsDraft } from './pets-draft'
import { PetsFile } from './pets-file'
import { PetsJournal, type Replacement } from './pets-journal'
import type { PetsState } from './pets-state'
import { PetsText } from './pets-text'
import { PetsView } from './pets-view'

/** How long to leave the file alone after an editor has touched it, in ms. */
const SETTLE_MS = 25

/** An entry of the journal: a change to a pet, or the coming replacement of the file. */
type Entry = { change: PetChange } | { replacing: Replacement }

/** The changes of a piece of work, and the value for its caller. */
export interface Outcome<T> {
  changes: PetChange[]
  value: T
}

/**
 * The pets of a data folder: `pets.json` and its journal, `pets.journal`. Changes are appended to the journal. `update`
 * updates the file and begins a new journal.
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
  #draft: PetsDraft | undefined
  #writing: JournalRecord | undefined

  /** `onBehind` is called for each change that is in the journal but not in the file. `isOwn`: this server made it. */
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
      // Whoever may read the pets may read the journal. This process must always be able to read and write it.
      access: () => this.#file.access && { ...this.#file.access, mode: this.#file.access.mode | 0o600 },
      onLines: (lines, isFresh) => this.#view.takeIn(lines, isFresh),
      beforeTurn: () => {
        this.#draft = new PetsDraft(this.#view.read())
        this.#checkWritable()
      },
      encode: (entries) => this.#encode(entries),
      onWritten: (entries) => {
        if (!this.#writing) return
        this.#journal.add(this.#writing)
        this.#view.written(this.#writing, changesIn(entries))
      },
    })
  }

  /** The paths of the files that contain no pets and can be created again. */
  get ownPaths(): string[] {
    return [this.#tempPath, `${this.#path}.lock`, `${this.#journalPath}.tmp`]
  }

  /** Whether, according to the last read, an editor may be saving the file. */
  get isBeingSaved(): boolean {
    return this.#view.isBeingSaved
  }

  /**
   * Returns the current pets. Throws a `StoreError` if the file or the journal is invalid, or a system call's error.
   */
  read(): PetsState {
    return this.#view.read()
  }

  /**
   * Runs `work` in the next turn and resolves to its value once its changes are on disk, as `LineLog` does. The draft
   * contains the pets with the earlier changes of the same turn.
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
   * Restores an edit that a server removed by an exchange, if the server died before it could do that itself. `update`
   * completes the rest of its work.
   */
  async putBackEdit(): Promise<void> {
    if (versionAt(this.#calls, this.#tempPath) === null) return
    await withFileLock(`${this.#path}.lock`, () => this.#putBackEdit(), { calls: this.#calls })
  }

  /** Updates the file, in slices that do not block the event loop, and begins a new journal. */
  async update(): Promise<void> {
    await this.#log.flush()
    this.read()
    const temps = [this.#tempPath, `${this.#journalPath}.tmp`]
    const isLeft = temps.some((path) => versionAt(this.#calls, path) !== null)
    if (!isLeft && !this.#view.isFileBehind) return
    const update = async () => {
      await this.#putBackEdit()
      await this.#letSettle()
      // Somebody edited the file, or a server was killed during an update. Its files may be the only record of the data
      // file's content, so record that first.
      const { version } = this.#file
      if (version !== null && version !== this.#journal.file) await this.#noteWhatFileHolds()
      // If the file is edited meanwhile, read the edit and write the file again on top of it.
      while (this.#view.isFileBehind && !(await this.#replaceFile())) await this.#letSettle()
      for (const path of temps) this.#calls.rmSync(path, { force: true })
    }
    await withFileLock(`${this.#path}.lock`, update, { calls: this.#calls })
  }

  /** Removes the journal, if the file contains all of it. */
  async removeJournal(): Promise<void> {
    if (this.#journal.isEmpty) return
    const check = async () => (this.read() && !this.#view.isFileBehind ? 'removed' : null)
    await this.#log.rewrite(check, () => this.#journal.restart([]))
  }

  /** Waits a moment if an editor has just saved the file, or has moved it away to save it under its name. */
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
    // The old file of the exchange is still there: nothing else has been written to this path.
    const isEdit = replaced !== null && left !== null && left !== replaced
    if (isEdit) await replaceFile(this.#calls, this.#path, this.#tempPath, { version })
  }

  async #noteWhatFileHolds(): Promise<void> {
    if (this.#journal.isEmpty) return
    await this.#restartJournal(async () => {
      const { seq } = this.read()
      return this.#journal.restarted(this.#file.version, this.#view.held, seq)
    })
  }

  /** Replaces the file. Returns false if it was edited meanwhile. */
  async #replaceFile(): Promise<boolean> {
    const state = this.read()
    this.#checkWritable()
    if (!this.#file.isSettled) return false
    const { seq } = state
    const [file, access, holds] = [this.#file.version, this.#file.access, this.#journal.last]
    const parts = this.#text.parts(state, state.list())
    this.#calls.closeSync(await writeFile(this.#calls, this.#tempPath, parts, access))
    const by = versionAt(this.#calls, this.#tempPath) ?? ''
    return this.#restartJournal(async (append) => {
      this.read()
      if (this.#file.version !== file) return null
      await append([{ replacing: { file, by, holds } }])
      if (!(await replaceFile(this.#calls, this.#path, this.#tempPath, { version: file, access }))) return null
      this.read()
      return this.#journal.restarted(by, holds, seq)
    })
  }

  /** Begins a new journal with the records that `make` returns. Returns whether it returned any. */
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
    // This comes first: it may find another version of the file.
    const { seq } = this.read()
    this.#writing = this.#journal.next(addition, this.#file.version, seq)
    return [this.#writing.line]
  }

  #checkWritable(): void {
    // A rename would ignore it.
    if (this.#file.access && (this.#file.access.mode & 0o222) === 0) {
      throw new StoreError('STORE_UNAVAILABLE', 'The data file is read-only')
    }
  }
}

const changesIn = (entries: Entry[]): PetChange[] => entries.flatMap((entry) => ('change' in entry ? entry.change : []))
