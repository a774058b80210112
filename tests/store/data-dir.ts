import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { withFileLock } from 'motia-runtime'
import { onTestFinished } from 'vitest'
import type { PetStore } from '../../src/store/store'
import { waitFor } from '../support/wait-for'

/** The running test's own data folder, and its `pets.json`. */
export interface DataDir {
  path: string
  file: string
  read(): string
  write(text: string | Uint8Array): void
  json(): { seq: number; pets: Record<string, Record<string, unknown>>; [key: string]: unknown }
}

/** Creates a data folder that is removed when the test is over. */
export function makeDataDir(parent: string = tmpdir()): DataDir {
  const path = mkdtempSync(join(parent, 'pets-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return dataDirAt(path)
}

/** A folder in memory, if the system has one: for tests that make hundreds of folders and need no disk to be slow. */
export const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** The same in memory. */
export const makeQuickDataDir = (): DataDir => makeDataDir(MEMORY)

/** The data folder at a path. */
export function dataDirAt(path: string): DataDir {
  const file = join(path, 'pets.json')
  const read = () => readFileSync(file, 'utf8')
  return { path, file, read, write: (text) => writeFileSync(file, text), json: () => JSON.parse(read()) }
}

/** Waits until the data file contains what the store does, and is completely written. */
export const upToDate = async (dir: DataDir, store: PetStore): Promise<void> => {
  const isUpToDate = async () => isDeepStrictEqual(Object.values(dir.json().pets), await store.list())
  await waitFor(isUpToDate, { what: 'the data file to be up to date', interval: 5 })
  await withFileLock(`${dir.file}.lock`, async () => {})
}
