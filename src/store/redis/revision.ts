import { randomUUID } from 'node:crypto'

/** Tells this process from all others. */
const PROCESS = randomUUID()
let count = 0

/**
 * Returns a text that no process has given the store before. A number that counts up would not do: a Redis that was emptied, or
 * restored from a backup, would reach the same number again with other pets.
 */
export const newRevision = (): string => {
  count += 1
  return `${PROCESS}:${count}`
}
