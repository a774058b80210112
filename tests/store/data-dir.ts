import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A data folder of the running test's own, and its `pets.json`. */
export interface DataDir {
  path: string
  file: string
  read(): string
  write(text: string | Uint8Array): void
  json(): { seq: number; pets: Record<string, Record<string, unknown>>; [key: string]: unknown }
}

/** Makes a data folder that is removed when the test is over. */
export function makeDataDir(): DataDir {
  const path = mkdtempSync(join(tmpdir(), 'pets-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return dataDirAt(path)
}

/** The data folder at a path. */
export function dataDirAt(path: string): DataDir {
  const file = join(path, 'pets.json')
  const read = () => readFileSync(file, 'utf8')
  return { path, file, read, write: (text) => writeFileSync(file, text), json: () => JSON.parse(read()) }
}
