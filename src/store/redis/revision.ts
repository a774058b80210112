import { randomUUID } from 'node:crypto'

/** Identifies this process. */
const PROCESS = randomUUID()
let count = 0

/**
 * Returns a revision that no process has used before. A counter in Redis is not enough: a Redis that was emptied, or
 * restored from a backup, would reach the same number again with other pets.
 */
export const newRevision = (): string => {
  count += 1
  return `${PROCESS}:${count}`
}
