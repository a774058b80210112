import { type BigIntStats, closeSync, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs'
import type { open } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { replaceFile } from './atomic-file'
import { withFileLock } from './file-lock'
import { type FileStamp, isSettled, NO_FILE, sameStamp, stampOf } from './file-stamp'
import type { StoredPet } from './pet'
import { PetsDocument, PetsDraft } from './pets-document'
import { checkPet, MAX_SEQ, parseDocument } from './pets-parse'
import { type Change, type PetStore, StoreError } from './store'

/** Where a file store keeps its pets. */
export interface FileStoreOptions {
  /** The folder of `pets.json`; created with the first pet. */
  dataDir: string
  /** `open` of node:fs/promises, for writing; tests pass one that fails. */
  openFile?: typeof open
}

/** A store in `<dataDir>/pets.json`, safe to share among processes and with people who edit the file. */
export function createFileStore(options: FileStoreOptions): PetStore {
  return new FileStore(options)
}

interface Loaded {
  stamp: FileStamp
  settled: boolean
  content: PetsDocument | StoreError
}

interface QueuedChange {
  run: (draft: PetsDraft) => unknown
  resolve: (value: never) => void
  reject: (reason: unknown) => void
}

class FileStore implements PetStore {
  readonly #path: string
  readonly #openFile: typeof open | undefined
  #loaded: Loaded = { stamp: NO_FILE, settled: true, content: PetsDocument.empty }
  #queue: QueuedChange[] = []
  #draining = false

  constructor({ dataDir, openFile }: FileStoreOptions) {
    this.#path = join(resolve(dataDir), 'pets.json')
    this.#openFile = openFile
  }

  async get(id: string): Promise<StoredPet | null> {
    return this.#read().get(id)
  }

  async list(): Promise<readonly StoredPet[]> {
    return this.#read().list()
  }

  create(make: (id: string) => StoredPet): Promise<StoredPet> {
    return this.#change((draft) => {
      if (draft.seq >= MAX_SEQ) throw new StoreError('STORE_FULL', 'The store has no ids left')
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

  #read(): PetsDocument {
    const { stamp, settled } = this.#loaded
    if (!settled || !sameStamp(stamp, this.#stamp())) this.#loaded = this.#load()
    const { content } = this.#loaded
    if (content instanceof StoreError) throw content
    return content
  }

  #stamp(): FileStamp {
    try {
      return stampOf(lstatSync(this.#path, { bigint: true, throwIfNoEntry: false }))
    } catch (error) {
      throw unavailable(error)
    }
  }

  #load(): Loaded {
    const readAt = Date.now()
    const stats = lstatSync(this.#path, { bigint: true, throwIfNoEntry: false })
    if (!stats) return { stamp: NO_FILE, settled: true, content: PetsDocument.empty }
    if (!stats.isFile()) {
      const content = new StoreError('STORE_INVALID', 'The data file is not a regular file')
      return { stamp: stats, settled: true, content }
    }
    const [read, bytes] = readFile(this.#path)
    return { stamp: read, settled: isSettled(read, readAt), content: parse(bytes) }
  }

  #change<T>(run: (draft: PetsDraft) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ run, resolve, reject })
      if (!this.#draining) void this.#drain()
    })
  }

  async #drain(): Promise<void> {
    this.#draining = true
    while (this.#queue.length > 0) {
      let turn: QueuedChange[] = []
      try {
        await withFileLock(`${this.#path}.lock`, async () => {
          turn = this.#queue.splice(0)
          for (const settle of await this.#runTurn(turn)) settle()
        })
      } catch (error) {
        if (turn.length === 0) turn = this.#queue.splice(0)
        const failure = unavailable(error)
        for (const { reject } of turn) reject(failure)
      }
    }
    this.#draining = false
  }

  async #runTurn(turn: QueuedChange[]): Promise<(() => void)[]> {
    for (;;) {
      const base = this.#read()
      const { stamp } = this.#loaded
      const draft = new PetsDraft(base)
      const outcomes = turn.map((change) => runChange(change, draft))
      if (!draft.changed) return outcomes
      const document = draft.finish()
      const replaced = await replaceFile(this.#path, document.toBytes(), {
        openFile: this.#openFile,
        // A person may have saved the file meanwhile; their edit counts, and the changes run again on top of it.
        mayReplace: () => sameStamp(stamp, this.#stamp()),
        onReplaced: (written) => this.#publish(document, written),
      })
      if (replaced) return outcomes
    }
  }

  #publish(document: PetsDocument, written: BigIntStats): void {
    const stamp = this.#stamp()
    // The rename has set a new ctime; anything else that differs is an edit made since.
    if (sameStamp(stamp, { ...stampFields(written), ctimeNs: stamp.ctimeNs })) {
      this.#loaded = { stamp, settled: isSettled(stamp, Date.now()), content: document }
    }
  }
}
function stampFields({ ino, size, mtimeNs, ctimeNs }: BigIntStats): FileStamp {
  return { ino, size, mtimeNs, ctimeNs }
}

function readFile(path: string): [BigIntStats, Buffer] {
  try {
    const fd = openSync(path, 'r')
    try {
      return [fstatSync(fd, { bigint: true }), readFileSync(fd)]
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    throw unavailable(error)
  }
}

function parse(bytes: Buffer): PetsDocument | StoreError {
  try {
    return parseDocument(bytes)
  } catch (error) {
    if (error instanceof StoreError) return error
    throw error
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

function asStored(id: string, pet: StoredPet): StoredPet {
  return checkPet(id, JSON.parse(JSON.stringify(pet)))
}

function unavailable(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new StoreError('STORE_FULL', 'No space is left to store the change', { cause: error })
  }
  return new StoreError('STORE_UNAVAILABLE', `The data file cannot be used (${code ?? 'unknown error'})`, {
    cause: error,
  })
}
