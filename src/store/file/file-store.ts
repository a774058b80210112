import { randomUUID } from 'node:crypto'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BackgroundTask, type FileCalls, nodeFiles, Reserve, setAsideUnless } from 'motia-runtime'
import type { StoredPet } from '../../pets/pet'
import { isRepeat } from '../../pets/pet-changes'
import { asStored } from '../pets-check'
import { type Change, type PetStore, RepeatedCreateError, type Which } from '../store'
import { isFull, noSpace, toStoreError } from './file-error'
import type { PetsDraft } from './pets-draft'
import { type Outcome, PetsFolder } from './pets-folder'
import type { PetsState } from './pets-state'

/** When to update the data file, in ms: after the last change, after the first, and after a failure. */
const UPDATE_TIMES = { quietMs: 50, latestMs: 1_000, retryMs: 1_000 }

/** How often a store looks for changes of other servers, in ms. */
const LOOK_INTERVAL_MS = 1_000

/** How often a request checks the file while an editor saves it, in ms. */
const SAVE_INTERVAL_MS = 5

/** Options of a file store. */
export interface FileStoreOptions {
  /** The folder of `pets.json`. Created with the first pet. */
  dataDir: string
  /** The file-system calls. Tests pass some that fail. */
  calls?: FileCalls
  /** Called when the data file cannot be updated. Default: `console.warn`. */
  warn?: (message: string) => void
}

/** Returns a store in `<dataDir>/pets.json`, which several processes may share and people may edit. */
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
  /** Distinguishes the revisions of this store from those of others. */
  readonly #name = randomUUID()
  #lookTimer: NodeJS.Timeout | undefined

  constructor({ dataDir, calls = nodeFiles, warn = console.warn }: FileStoreOptions) {
    const folder = resolve(dataDir)
    this.#calls = calls
    this.#warn = warn
    // The server that made the change updates the file. If it does not, another one does, later.
    this.#folder = new PetsFolder(join(folder, 'pets.json'), calls, (isOwn) => this.#updates.ask(isOwn))
    this.#reserve = new Reserve(join(folder, 'pets.reserve'), calls)
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

  update(id: string, change: (pet: StoredPet) => StoredPet, patienceMs?: number): Promise<Change | null> {
    return this.#change((draft) => {
      const before = draft.get(id)
      if (!before) return { changes: [], value: null }
      const changed = change(before)
      if (changed === before) return { changes: [], value: { before, after: before } }
      const after = asStored(id, changed)
      // On a full disk, deletes and jobs still work.
      if (after.status !== 'deleted' && !patienceMs) this.#needRoom()
      return { changes: [{ id, before, after }], value: { before, after } }
    }, patienceMs)
  }

  updateMany(ids: readonly string[], change: (pet: StoredPet) => StoredPet | null, patienceMs?: number): Promise<void> {
    return this.#change((draft) => {
      const changes = [...new Set(ids)].flatMap((id) => {
        const before = draft.get(id)
        const after = before && change(before)
        return before === after ? [] : { id, before, after: after && asStored(id, after) }
      })
      return { changes, value: undefined }
    }, patienceMs)
  }

  /** Completes the work of a killed server, and looks for changes of other servers at intervals. */
  async start(): Promise<string[]> {
    for (const path of this.#folder.ownPaths) setAsideUnless('file', path, this.#calls)
    // If that fails, the update does it, or reports the reason.
    await this.#folder.putBackEdit().catch(() => {})
    this.#updates.ask(true)
    this.#lookTimer = setInterval(() => this.#look(), LOOK_INTERVAL_MS).unref()
    return []
  }

  /** Updates the data file and removes the journal. If that fails, the journal stays for the next start. */
  async close(): Promise<void> {
    clearInterval(this.#lookTimer)
    await this.#updates.stop()
    try {
      await this.#update()
      await this.#folder.removeJournal()
      this.#reserve.release()
    } catch {
      // Nothing is lost: the journal has the rest.
    }
  }

  async #update(): Promise<void> {
    try {
      await this.#read()
      await this.#folder.update()
      this.#hasWarned = false
    } catch (error) {
      if (!this.#hasWarned)
        this.#warn(`Cannot update pets.json (pets.journal has the latest changes): ${toStoreError(error).message}`)
      this.#hasWarned = true
      throw error
    }
  }

  /** Resolves to the pets. If an editor is saving the file, waits until it is whole again, or for a short time. */
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
      // Requests report the problem.
    }
  }

  /** Throws a `StoreError` if the disk is so full that the rest is reserved for urgent changes. */
  #needRoom(): void {
    if (!this.#reserve.keep()) throw noSpace()
  }

  async #change<T>(run: (draft: PetsDraft) => Outcome<T>, patienceMs = 0): Promise<T> {
    // If there is no pet only because an editor is saving the file, run it again afterwards.
    let isTooEarly = false
    // An error of `run` belongs to its caller, not to the turn.
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
        // The released space is for urgent changes.
        this.#reserve.release()
        return write()
      })
    } catch (error) {
      throw toStoreError(error)
    }
  }
}
