import type { StoredPet } from '../../pets/pet'
import { checkContent, checkPets, invalid } from '../pets-check'
import { StoreError } from '../store'
import { findJsonTrap } from './json-traps'

/** The content of a data file. */
export interface FileContent {
  /** The next id, unless a pet has this or a higher id. */
  seq: number
  /** By ascending id. */
  pets: StoredPet[]
  /** Unknown top-level keys, which the store keeps. */
  extras: Record<string, unknown>
}

/** The content of a missing file. */
export const NO_CONTENT: FileContent = { seq: 1, pets: [], extras: {} }

/** Returns the content of a data file of any layout. Throws a `StoreError` that names the first problem. */
export function parseFile(bytes: Uint8Array): FileContent {
  const text = decode(bytes)
  const json = parseJson(text)
  const { seq, pets, ...extras } = checkContent(json)
  const checked = checkPets(pets)
  // JSON.parse silently keeps the last of two members of the same name and rounds long numbers. Text in the store's own
  // layout, which is quick to check, has neither.
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
