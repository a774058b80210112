import { type FileCalls, nodeFiles } from './file-calls'

/**
 * Makes sure that a file or folder that the server makes itself, and can do without, does not keep it from working: if
 * something else has its name, that is renamed, with one line of warning. Never throws.
 */
export const setAsideUnless = (kind: 'file' | 'folder', path: string, calls: FileCalls = nodeFiles): void => {
  const aside = `${path}.damaged-${Date.now()}`
  try {
    const stats = calls.statSync(path, { throwIfNoEntry: false })
    if (!stats || (kind === 'file' ? stats.isFile() : stats.isDirectory())) return
    calls.renameSync(path, aside)
    console.warn(`⚠ ${path} is not a ${kind}: it was renamed to ${aside}`)
  } catch (error) {
    console.warn(`⚠ ${path} cannot be used: ${error instanceof Error ? error.message : error}`)
  }
}

/** Keeps a copy of a file of which some lines cannot be read and will be lost, with one line of warning. Never throws. */
export const keepDamaged = (path: string, calls: FileCalls = nodeFiles): void => {
  const copy = `${path}.damaged`
  try {
    calls.copyFileSync(path, copy)
    console.warn(`⚠ ${path} is damaged: what can be read of it is used, and ${copy} keeps the rest`)
  } catch (error) {
    console.warn(`⚠ ${path} is damaged, and cannot be copied: ${error instanceof Error ? error.message : error}`)
  }
}
