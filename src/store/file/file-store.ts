import type { open } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StoredPet } from '../../pets/pet'
import { isUnfinished } from '../../pets/pet-changes'
import { asStored, MAX_SEQ } from '../pets-check'
import { type Change, type PetStore, StoreError } from '../store'
import { toStoreError } from './file-error'
import { withFileLock } from './file-lock'
import { PetsDraft } from './pets-draft'
import { PetsFile } from './pets-file'

/** Where a file store keeps its pets. */
export interface FileStoreOptions {
  /** The folder of `pets.json`; created with the first pet. */
  dataDir: string
  /** `open` of node:fs/promises, used for writing; tests pass one that fails. */
  openFile?: typeof open
}

/** A store in `<dataDir>/pets.json`, safe to share among processes and with people who edit the file. */
export function createFileStore(options: FileStoreOptions): PetStore {
  return new FileStore(options)
}

interface QueuedChange {
  run: (draft: PetsDraft) => unknown
  resolve: (value: never) => void
  reject: (reason: unknown) => void
}

class FileStore implements PetStore {
  readonly #file: PetsFile
  readonly #lockPath: string
  #queue: QueuedChange[] = []
  #draining = false

  constructor({ dataDir, openFile }: FileStoreOptions) {
    const path = join(resolve(dataDir), 'pets.json')
    this.#file = new PetsFile(path, openFile)
    this.#lockPath = `${path}.lock`
  }

  async get(id: string): Promise<StoredPet | null> {
    return this.#file.read().get(id)
  }

  async revision(): Promise<string> {
    return this.#file.revision()
  }

  async list(): Promise<readonly StoredPet[]> {
    return this.#file.read().list()
  }

  async page(after: string | null, limit: number, which: 'all' | 'unfinished' = 'all'): Promise<readonly StoredPet[]> {
    return this.#file.read().page(after ?? '0', limit, which === 'all' ? () => true : isUnfinished)
  }

  async newest(limit: number): Promise<readonly StoredPet[]> {
    const pets = this.#file.read().list()
    return pets.length <= limit ? pets : pets.slice(-limit)
  }

  create(make: (id: string) => StoredPet): Promise<StoredPet> {
    return this.#change((draft) => {
      if (draft.seq >= MAX_SEQ) throw new StoreError('STORE_FULL', 'There are no ids left')
      const id = String(draft.seq)
      const pet = asStored(id, make(id))
      draft.set(pet)
      return pet
    })
  }

  update(id: string, change: (pet: StoredPet) => StoredPet): Promise<Change | null> {
    return this.#change((draft) => {
      const before = draft.get(id)
      if (!before) return null
      const changed = change(before)
      if (changed === before) return { before, after: before }
      const after = asStored(id, changed)
      draft.set(after)
      return { before, after }
    })
  }

  remove(id: string, condition: (pet: StoredPet) => boolean): Promise<StoredPet | null> {
    return this.#change((draft) => {
      const pet = draft.get(id)
      if (!pet || !condition(pet)) return null
      draft.delete(id)
      return pet
    })
  }

  #change<T>(run: (draft: PetsDraft) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ run, resolve, reject })
      if (!this.#draining) void this.#drain()
    })
  }

  // Changes that arrive during a turn go out together in the next: a turn costs much the same for one as for a hundred.
  async #drain(): Promise<void> {
    this.#draining = true
    while (this.#queue.length > 0) {
      // What arrives in the same turn of the event loop goes along, and other processes get their chance at the lock.
      await nextTurn()
      let changes: QueuedChange[] = []
      const takeTurn = () => {
        changes = this.#queue.splice(0)
        return this.#apply(changes)
      }
      try {
        for (const settle of await withFileLock(this.#lockPath, takeTurn)) settle()
      } catch (error) {
        const failure = toStoreError(error)
        // Where not even the lock could be had, all that waited for it fail.
        const failed = changes.length > 0 ? changes : this.#queue.splice(0)
        for (const { reject } of failed) reject(failure)
      }
    }
    this.#draining = false
  }

  async #apply(changes: QueuedChange[]): Promise<(() => void)[]> {
    for (;;) {
      const draft = new PetsDraft(this.#file.read())
      const outcomes = changes.map((change) => runChange(change, draft))
      // A person may have saved the file meanwhile: then their edit stays, and the changes run again on top of it.
      if (!draft.changed || (await this.#file.replace(draft.finish()))) return outcomes
    }
  }
}

function runChange({ run, resolve, reject }: QueuedChange, draft: PetsDraft): () => void {
  try {
    const value = run(draft)
    return () => resolve(value as never)
  } catch (error) {
    return () => reject(error)
  }
}
