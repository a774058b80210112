import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { answerMonacoFile } from '../../src/workbench/monaco-files'

const require = createRequire(import.meta.url)

/** The folder of an installed package. */
const folderOf = (name: string): string => dirname(require.resolve(`${name}/package.json`))

test("When Monaco's loader is asked for, then it is sent as a script, byte for byte", async () => {
  const { status, headers, body } = await answerMonacoFile('vs/loader.js')
  expect(status).toBe(200)
  expect(headers['Content-Type']).toBe('text/javascript; charset=utf-8')
  expect(body).toEqual(readFileSync(join(folderOf('monaco-editor'), 'min/vs/loader.js')))
})

test('When a path is outside of the build for browsers, a folder, or not there, then it is not found', async () => {
  for (const path of [
    '../package.json',
    '../esm/vs/index.js',
    'vs/../../esm/vs/index.js',
    '/etc/passwd',
    '../../../src/settings.ts',
    'vs',
    '',
    'vs/none.js',
    'vs/loader.js\0',
  ]) {
    expect(await answerMonacoFile(path), path).toMatchObject({ status: 404, body: 'Not found' })
  }
})

test('When the editor component asks for a version of Monaco, then that is the one that is installed', () => {
  const { version }: { version: string } = require('monaco-editor/package.json')
  const wanted = readFileSync(join(folderOf('@monaco-editor/loader'), 'lib/es/config/index.js'), 'utf8')
  expect(wanted).toContain(`monaco-editor@${version}/`)
})
