import { randomUUID } from 'node:crypto'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BackgroundTask, type FileCalls, nodeFiles, Reserve, setAsideUnless } from 'motia-runtime'
import type { StoredPet } from '../../pets/pet'
import { isRepeat } from '../../pets/pet-changes'
import { asStored } from '../pets-check'
import { type Change, type PetStore, RepeatedCreateError, type Which, type WriteOptions, type Written } from '../store'
import { isFull, noSpace, toStoreError } from './file-error'
import type { PetsDraft } from './pets-draft'
import { type Outcome, PetsFolder } from './pets-folder'
import type { PetsState } from './pets-state'

/** When the data file is brought up to date, in ms: after the last change, after the first, and after a failure. */
const UPDATE_TIMES = { quietMs: 50, latestMs: 1_000, retryMs: 1_000 }

/** How often a store looks for what other servers have written, in ms. */
const LOOK_INTERVAL_MS = 1_000

/** How often a request looks at the file while an editor saves it, in ms. */
const SAVE_INTERVAL_MS = 5

/** Where a file store keeps its pets. */
export interface FileStoreOptions {
  /** The folder of `pets.json`; created with the first pet. */
  dataDir: string
  /** The file-system calls; tests pass some that fail. */
  calls?: FileCalls
  /** Told when the data file cannot be brought up to date; `console.warn` unless given. */
  warn?: (message: string) => void
}

/** Returns a store in `<dataDir>/pets.json`, safe to share among processes and with people who edit the file. */
export function createFileStore(options: FileStoreOptions): PetStore {
  return new FileStore(options)
}

class FileStore implements PetStore {
  readonly #calls: FileCalls
  readonly #folder: PetsFolder
  readonly #reserve: Reserve
  readonly #updates = new BackgroundTask(() => this.#update(), UPDATE_TIMES)
  readonly #warn: (message: string) => void
  #hasWarned = false
  /** Tells the revisions of this store from those of others. */
  readonly #name = randomUUID()
  #lookTimer: NodeJS.Timeout | undefined

  constructor({ dataDir, calls = nodeFiles, warn = console.warn }: FileStoreOptions) {
    const folder = resolve(dataDir)
    this.#calls = calls
    this.#warn = warn
    // Whose change it was brings the file up to date; if that server does not, another does, later.
    this.#folder = new PetsFolder(join(folder, 'pets.json'), calls, (isOwn) => this.#updates.ask(isOwn))
    this.#reserve = new Reserve(join(folder, 'pets.reserve'), calls)
  }

  get written(): Readonly<Written> {
    return this.#folder.written
  }

  async get(id: string): Promise<StoredPet | null> {
    return (await this.#read()).get(id)
  }

  async revision(): Promise<string> {
    return `${this.#name}-${(await this.#read()).changes}`
  }

  async list(): Promise<readonly StoredPet[]> {
    return (await this.#read()).list()
  }

  async page(after: string | null, limit: number, which: Which = 'all'): Promise<readonly StoredPet[]> {
    return (await this.#read()).page(after, limit, which)
  }

  create(make: (id: string) => StoredPet): Promise<StoredPet> {
    return this.#change((draft) => {
      const id = draft.nextId()
      const after = asStored(id, make(id))
      const first = after.idempotency && draft.createdWith(after.idempotency.key)
      if (first && isRepeat(after, first)) throw new RepeatedCreateError(first)
      this.#needRoom()
      return { changes: [{ id, before: null, after }], value: after }
    })
  }

  update(id: string, change: (pet: StoredPet) => StoredPet, options: WriteOptions = {}): Promise<Change | null> {
    return this.#change((draft) => {
      const before = draft.get(id)
      if (!before) return { changes: [], value: null }
      const changed = change(before)
      if (changed === before) return { changes: [], value: { before, after: before } }
      const after = asStored(id, changed)
      // Pets can be deleted on a full disk, and jobs finished.
      if (after.status !== 'deleted' && !options.patienceMs) this.#needRoom()
      return { changes: [{ id, before, after }], value: { before, after } }
    }, options)
  }

  updateMany(
    ids: readonly string[],
    change: (pet: StoredPet) => StoredPet | null,
    options?: WriteOptions,
  ): Promise<void> {
    return this.#change((draft) => {
      const changes = [...new Set(ids)].flatMap((id) => {
        const before = draft.get(id)
        const after = before && change(before)
        return before === after ? [] : { id, before, after: after && asStored(id, after) }
      })
      return { changes, value: undefined }
    }, options)
  }

  /** Finishes what a server left that was killed, and looks at intervals for what others write. */
  async start(): Promise<void> {
    for (const path of this.#folder.ownPaths) setAsideUnless('file', path, this.#calls)
    // If that fails, the update does it, or says why not.
    await this.#folder.putBackEdit().catch(() => {})
    this.#updates.ask(true)
    this.#lookTimer = setInterval(() => this.#look(), LOOK_INTERVAL_MS).unref()
  }

  /** Brings the data file up to date and removes the journal. If that fails, the journal stays, for the next start. */
  async close(): Promise<void> {
    clearInterval(this.#lookTimer)
    await this.#updates.stop()
    try {
      await this.#update()
      await this.#folder.removeJournal()
      this.#reserve.release()
    } catch {
      // Nothing is lost: the journal holds what the file does not.
    }
  }

  async #update(): Promise<void> {
    try {
      await this.#read()
      await this.#folder.update()
      this.#hasWarned = false
    } catch (error) {
      if (!this.#hasWarned) this.#warn(`pets.json is behind, pets.journal has the rest: ${toStoreError(error).message}`)
      this.#hasWarned = true
      throw error
    }
  }

  /** Resolves to the pets. If an editor is in the middle of saving the file, waits until it is whole again, or is not saved. */
  async #read(): Promise<PetsState> {
    for (;;) {
      try {
        const pets = this.#folder.read()
        if (!this.#folder.isBeingSaved) return pets
      } catch (error) {
        if (!this.#folder.isBeingSaved) throw toStoreError(error)
      }
      await sleep(SAVE_INTERVAL_MS)
    }
  }

  #look(): void {
    try {
      this.#folder.read()
    } catch {
      // Requests say what is wrong.
    }
  }

  /** Throws a `StoreError` on a disk that is so full that what is left is for changes that cannot wait. */
  #needRoom(): void {
    if (!this.#reserve.keep()) throw noSpace()
  }

  async #change<T>(run: (draft: PetsDraft) => Outcome<T>, { patienceMs = 0 }: WriteOptions = {}): Promise<T> {
    // If it finds no pet only because an editor is saving the file, it runs again after that.
    let isTooEarly = false
    // What `run` throws is its caller's own error, and says nothing about the turn.
    const work = (draft: PetsDraft): Outcome<() => T> => {
      try {
        const { changes, value } = run(draft)
        isTooEarly = changes.length === 0 && this.#folder.isBeingSaved
        return { changes, value: () => value }
      } catch (error) {
        const rethrow = () => {
          throw error
        }
        return { changes: [], value: rethrow }
      }
    }
    for (;;) {
      const result = await this.#write(() => this.#folder.change(work, patienceMs)).catch((error) => {
        if (!this.#folder.isBeingSaved) throw error
        return null
      })
      if (result && !isTooEarly) return result()
      await this.#read()
    }
  }

  async #write<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write().catch((error) => {
        if (!isFull(error)) throw error
        // Now there is room for what may use it.
        this.#reserve.release()
        return write()
      })
    } catch (error) {
      throw toStoreError(error)
    }
  }
}
