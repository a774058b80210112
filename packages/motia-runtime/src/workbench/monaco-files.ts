import { readFile, realpath } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, join, resolve, sep } from 'node:path'

/** Where the page finds Monaco's files. */
export const MONACO_PATH = '/__motia-runtime/monaco'

let folder: string | undefined

/**
 * Monaco's own build for browsers, which the page would otherwise fetch from a CDN. Looked up when it is asked for:
 * production reads the config that names this plugin, and may be installed without Monaco.
 */
const monacoFolder = (): string => {
  folder ??= resolve(dirname(createRequire(import.meta.url).resolve('monaco-editor/package.json')), 'min')
  return folder
}

const TYPES: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css', '.ttf': 'font/ttf' }

/** The answer to a request for one of Monaco's files, by its path in the build; a 404 for any other path. */
export const answerMonacoFile = async (
  path: string,
): Promise<{ status: number; headers: Record<string, string>; body: Buffer | string }> => {
  const root = monacoFolder()
  const file = join(root, path)
  const type = TYPES[extname(file)]
  const isInside = file.startsWith(root + sep) && (await realpath(file).catch(() => '')) === file
  if (!type || !isInside) return { status: 404, headers: { 'Content-Type': 'text/plain' }, body: 'Not found' }
  return {
    status: 200,
    headers: { 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'max-age=3600' },
    body: await readFile(file),
  }
}
