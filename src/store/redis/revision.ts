import { randomUUID } from 'node:crypto'

/** Tells this process from all others. */
const PROCESS = randomUUID()
let count = 0

/**
 * A text that no process has given the store before. Not a number that counts up: a Redis that was emptied, or restored from a
 * backup, would come to the same number again with other pets.
 */
export const newRevision = (): string => {
  count += 1
  return `${PROCESS}:${count}`
}
