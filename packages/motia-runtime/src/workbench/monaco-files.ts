import { readFile, realpath } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, join, resolve, sep } from 'node:path'

/** The path of Monaco's files. */
export const MONACO_PATH = '/__motia-runtime/monaco'

let folder: string | undefined

/**
 * Returns the folder of Monaco's build for browsers, which the page would otherwise fetch from a CDN. It is looked up
 * on demand, because production may be installed without Monaco.
 */
const monacoFolder = (): string => {
  folder ??= resolve(dirname(createRequire(import.meta.url).resolve('monaco-editor/package.json')), 'min')
  return folder
}

const TYPES: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css', '.ttf': 'font/ttf' }

/** Responds with one of Monaco's files, by its path in the build, or with a 404. */
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
