import { readFileSync } from 'node:fs'
import { findSourceMap } from 'node:module'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Metafile } from 'esbuild'

/** A frame of a stack, or the first line of a syntax error: a path or URL, a line, and usually a column. */
const FRAME = /^(?:\s*at (?:async )?)?(?:.*\()?(\/.+?|[A-Z]:\\.+?|file:\/\/.+?):(\d+)(?::(\d+))?\)?$/

/** Node's message for a package that is not installed. */
const MISSING_PACKAGE = /^Cannot find package '((?:@[^'/]+\/)?[^'/]+)[^']*' imported from /

/**
 * Returns why a module cannot be imported. The text begins with the place in the project's own code
 * (`src/pets.ts:3:7`), or with the name of the imported `file` if the error has no such place. Needs source maps.
 */
export const importProblem = (error: unknown, root: string, file: string, metafile: Metafile | undefined): string => {
  const name = relative(root, file)
  if (!(error instanceof Error)) return `${name}: it threw ${String(error)}`
  const missing = MISSING_PACKAGE.exec(error.message)?.[1]
  if (missing) return `${importOf(missing, root, metafile) ?? name}: the package ${missing} is not installed`
  const text = `${error.name}: ${error.message}`.replaceAll(/\s*\n\s*/g, ' ')
  return `${placeOf(error.stack ?? '', root) ?? name}: ${text}`
}

/** Returns the first place of a stack that is in the project's own code. */
const placeOf = (stack: string, root: string): string | null => {
  for (const frame of stack.split('\n')) {
    const [, path, line, column] = FRAME.exec(frame) ?? []
    if (!path) continue
    const source = sourceOf(path.startsWith('file:') ? fileURLToPath(path) : path, Number(line), Number(column ?? 1))
    const [folder, ...rest] = relative(root, source.file).split(sep)
    const isOwn = folder && !['', '..', '.motia', 'node_modules'].includes(folder) && !rest.includes('node_modules')
    if (isOwn) return [relative(root, source.file), source.line, ...(column ? [source.column] : [])].join(':')
  }
  return null
}

/** Returns the place in the source. Node maps stacks itself, unless a tool has set `Error.prepareStackTrace`. */
const sourceOf = (file: string, line: number, column: number): { file: string; line: number; column: number } => {
  const origin = findSourceMap(file)?.findOrigin(line, column)
  if (!origin || !('fileName' in origin)) return { file, line, column }
  return { file: fileURLToPath(origin.fileName), line: origin.lineNumber, column: origin.columnNumber }
}

/** Returns the file and line of the first import of a package; null if there is none. */
const importOf = (name: string, root: string, metafile: Metafile | undefined): string | null => {
  for (const [file, { imports }] of Object.entries(metafile?.inputs ?? {})) {
    const found = imports.find(({ path, external }) => external && (path === name || path.startsWith(`${name}/`)))
    if (!found) continue
    const lines = readFileSync(join(root, file), 'utf8').split('\n')
    const line = lines.findIndex((text) => text.includes(`'${found.path}'`) || text.includes(`"${found.path}"`))
    return line < 0 ? file : `${file}:${line + 1}`
  }
  return null
}
