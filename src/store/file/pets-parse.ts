import type { StoredPet } from '../../pets/pet'
import { checkContent, checkPets, invalid } from '../pets-check'
import { StoreError } from '../store'
import { findJsonTrap } from './json-traps'

/** What a data file holds. */
export interface FileContent {
  /** The next id, unless a pet has it or a higher one. */
  seq: number
  /** By ascending id. */
  pets: StoredPet[]
  /** The top-level keys that the store does not know, and keeps. */
  extras: Record<string, unknown>
}

/** What a missing file holds. */
export const NO_CONTENT: FileContent = { seq: 1, pets: [], extras: {} }

/** Returns what a data file of any layout holds; throws a `StoreError` that names the first thing wrong with it. */
export function parseFile(bytes: Uint8Array): FileContent {
  const text = decode(bytes)
  const json = parseJson(text)
  const { seq, pets, ...extras } = checkContent(json)
  const checked = checkPets(pets)
  // JSON.parse keeps the last of two members of the same name and rounds long numbers, unseen. In the store's own layout, which
  // is quick to tell, there can be neither.
  const trap = `${JSON.stringify(json, null, 2)}\n` === text ? null : findJsonTrap(text)
  if (trap) throw invalid(trap)
  return { seq, pets: checked, extras }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new StoreError('STORE_INVALID', 'The data file is not valid UTF-8', { cause })
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    const problem = message.replace(/ in JSON at position .*$/, '')
    const place = placeOf(text, Number(/at position (\d+)/.exec(message)?.[1] ?? text.length))
    throw new StoreError('STORE_INVALID', `The data file is not valid JSON: ${problem} (${place})`, { cause })
  }
}

/** Returns the line and column of a position, as editors count them. */
function placeOf(text: string, position: number): string {
  const lines = text.slice(0, position).split('\n')
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`
}
