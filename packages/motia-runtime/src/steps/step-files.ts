import { existsSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { errorCode } from '../errors'

/** The step and stream files of a project, absolute and sorted. */
export interface ProjectFiles {
  steps: string[]
  streams: string[]
  /** The files that look like a step or a stream and are skipped, with the reason, one line each. */
  warnings: string[]
}

/** The folders that Motia searches. */
export const STEP_FOLDERS = ['steps', 'src']

/** Returns whether Motia ignores a file or folder: hidden ones (macOS writes `._x.step.ts`) and installed packages. */
export const isHidden = (name: string): boolean => name.startsWith('.') || name === 'node_modules'

const MARKED_FILE = /[._](step|stream)\.([a-z]+)$/

const OTHER_LANGUAGES: Record<string, string> = { py: 'Python', rb: 'Ruby', go: 'Go', php: 'PHP' }

/** Returns the step and stream files of a project, as Motia's own commands find them. Either folder may be missing. */
export const findProjectFiles = (root: string): ProjectFiles => {
  const found: ProjectFiles = { steps: [], streams: [], warnings: [] }
  const warn = (path: string, text: string) => found.warnings.push(`${relative(root, path)}: ${text}`)
  for (const folder of STEP_FOLDERS) {
    for (const file of filesBelow(join(root, folder), [], warn)) {
      const [, kind, extension = ''] = MARKED_FILE.exec(file) ?? []
      const problem = kind && problemOf(file, extension)
      if (problem) warn(file, problem)
      else if (extension === 'ts' || extension === 'js') found[kind === 'step' ? 'steps' : 'streams'].push(file)
    }
  }
  found.steps.sort()
  found.streams.sort()
  return found
}

/**
 * Returns why a file named like a step or stream is skipped; null if it is a step or stream, or is not named like one.
 */
const problemOf = (file: string, extension: string): string | null => {
  const stem = file.slice(0, -extension.length)
  if (extension === 'tsx' || extension === 'jsx') {
    // The Workbench draws a step with the component of the same name.
    const hasStep = ['ts', 'js'].some((ending) => existsSync(stem + ending))
    return hasStep ? null : 'is a Workbench component without a step: add the step as a .ts file of the same name'
  }
  const language = OTHER_LANGUAGES[extension]
  if (language) return `skipped: ${language} is not supported, only TypeScript and JavaScript`
  if (/^[cm][tj]s$/.test(extension)) return `skipped: rename it to .${extension.slice(1)}`
  return null
}

/** Yields the files below a folder. Follows links, except to a folder that contains the link (`above`, real paths). */
function* filesBelow(
  folder: string,
  above: string[],
  warn: (path: string, text: string) => void,
): Generator<string, void> {
  const entries = unlessMissing(
    () => readdirSync(folder),
    (code) => warn(folder, `skipped: it cannot be read (${code})`),
  )
  if (!entries) return
  const inside = [...above, realpathSync(folder)]
  for (const name of entries.filter((entry) => !isHidden(entry)).sort()) {
    const path = join(folder, name)
    const stats = unlessMissing<Stats>(
      () => statSync(path),
      (code) => warn(path, `skipped: it cannot be read (${code})`),
    )
    if (stats?.isFile()) yield path
    else if (stats?.isDirectory() && !inside.includes(realpathSync(path))) yield* filesBelow(path, inside, warn)
    else if (!stats && MARKED_FILE.test(name)) warn(path, 'skipped: a link to a file that does not exist')
  }
}

/** Returns undefined if the file does not exist. If it cannot be read, calls `onProblem` with the error code too. */
const unlessMissing = <T>(read: () => T, onProblem: (code: string) => void): T | undefined => {
  try {
    return read()
  } catch (error) {
    const code = errorCode(error)
    if (code !== 'ENOENT' && code !== 'ENOTDIR') onProblem(code)
    return undefined
  }
}
