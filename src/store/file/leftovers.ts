import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { withFileLock } from './file-lock'

/**
 * Removes what a killed process has left of a write: the next write would do so too, but there may be none. Another
 * process's write that is under way is waited for.
 */
export async function removeLeftovers(dataDir: string): Promise<void> {
  const path = join(dataDir, 'pets.json')
  if (existsSync(`${path}.tmp`)) await withFileLock(`${path}.lock`, () => rm(`${path}.tmp`, { force: true }))
}
