import { errorMessage } from '../errors'
import { type FileCalls, nodeFiles } from './file-calls'

/**
 * Renames what is at `path` unless it is of that kind, and warns in one line, so that the server can create its own
 * file or folder there. Never throws.
 */
export const setAsideUnless = (kind: 'file' | 'folder', path: string, calls: FileCalls = nodeFiles): void => {
  const aside = `${path}.damaged-${Date.now()}`
  try {
    const stats = calls.statSync(path, { throwIfNoEntry: false })
    if (!stats || (kind === 'file' ? stats.isFile() : stats.isDirectory())) return
    calls.renameSync(path, aside)
    console.warn(`⚠ ${path} is not a ${kind}: it was renamed to ${aside}`)
  } catch (error) {
    console.warn(`⚠ ${path} cannot be used: ${errorMessage(error)}`)
  }
}

/** Copies a file whose unreadable lines will be lost, and warns in one line. Never throws. */
export const keepDamaged = (path: string, calls: FileCalls = nodeFiles): void => {
  const copy = `${path}.damaged`
  try {
    calls.copyFileSync(path, copy)
    console.warn(`⚠ ${path} is damaged: its readable lines are used, and ${copy} is a copy of the whole file`)
  } catch (error) {
    console.warn(`⚠ ${path} is damaged, and cannot be copied: ${errorMessage(error)}`)
  }
}
