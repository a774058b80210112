import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const made = new Set<string>()

/** Creates an empty folder. It is removed after the test file, or at the latest with the process. */
export const makeTempDir = (prefix = 'pet-store-'): string => {
  const path = realpathSync(mkdtempSync(join(tmpdir(), prefix)))
  made.add(path)
  return path
}

/** Removes every folder that was created. */
export const removeTempDirs = (): void => {
  for (const path of made) rmSync(path, { recursive: true, force: true, maxRetries: 5 })
  made.clear()
}

process.on('exit', removeTempDirs)
