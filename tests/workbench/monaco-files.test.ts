import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { answerMonacoFile } from '../../src/workbench/monaco-files'
import { ROOT } from '../support/server'

const require = createRequire(import.meta.url)

test("Monaco's loader is answered as a script, byte for byte", async () => {
  const { status, headers, body } = await answerMonacoFile('vs/loader.js')
  expect(status).toBe(200)
  expect(headers['Content-Type']).toBe('text/javascript; charset=utf-8')
  expect(body).toEqual(readFileSync(join(ROOT, 'node_modules/monaco-editor/min/vs/loader.js')))
})

test('Nothing outside of the build for browsers is answered, nor a folder, nor what is not there', async () => {
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

test('The installed Monaco is the one that the editor component asks for', () => {
  const { version }: { version: string } = require('monaco-editor/package.json')
  const wanted = readFileSync(join(ROOT, 'node_modules/@monaco-editor/loader/lib/es/config/index.js'), 'utf8')
  expect(wanted).toContain(`monaco-editor@${version}/`)
})
