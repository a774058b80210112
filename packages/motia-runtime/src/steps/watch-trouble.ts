import { relative } from 'node:path'

/** Returns whether an error says that a file or folder cannot be watched. */
export const isWatchTrouble = (error: unknown): boolean =>
  error instanceof Error && 'syscall' in error && error.syscall === 'watch'

const said = new Set<string>()

/** Warns, once for each problem, that hot reload misses changes, and why. */
export const sayWatchTrouble = (root: string, error: unknown): void => {
  const trouble = describe(root, error)
  if (!said.has(trouble)) console.warn(`⚠ ${trouble}`)
  said.add(trouble)
}

const describe = (root: string, error: unknown): string => {
  const { code, path } = error instanceof Error ? { code: undefined, path: undefined, ...error } : {}
  if (code === 'ENOSPC' || code === 'EMFILE') {
    return `Hot reload misses changes: the system's limit of watched files is reached (${code}). Raise fs.inotify.max_user_watches and max_user_instances, or restart after a change`
  }
  const place = typeof path === 'string' ? relative(root, path) : 'a file'
  return `Hot reload misses changes to ${place} (${code ?? error}): restart after a change`
}
