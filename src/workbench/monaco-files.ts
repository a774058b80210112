import { readFile, realpath } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, join, resolve, sep } from 'node:path'

/** Monaco's own build for browsers, which the page would otherwise fetch from a CDN. */
const FOLDER = resolve(dirname(createRequire(import.meta.url).resolve('monaco-editor/package.json')), 'min')

const TYPES: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css', '.ttf': 'font/ttf' }

/** The answer to a request for one of Monaco's files, by its path in the build; a 404 for any other path. */
export const answerMonacoFile = async (
  path: string,
): Promise<{ status: number; headers: Record<string, string>; body: Buffer | string }> => {
  const file = join(FOLDER, path)
  const type = TYPES[extname(file)]
  const isInside = file.startsWith(FOLDER + sep) && (await realpath(file).catch(() => '')) === file
  if (!type || !isInside) return { status: 404, headers: { 'Content-Type': 'text/plain' }, body: 'Not found' }
  return {
    status: 200,
    headers: { 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'max-age=3600' },
    body: await readFile(file),
  }
}
