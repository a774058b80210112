import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import express from 'express'
import request from 'supertest'
import { expect, test } from 'vitest'
import { serveMonaco } from '../../src/workbench/workbench'

const require = createRequire(import.meta.url)

/** The folder of an installed package. */
const folderOf = (name: string): string => dirname(require.resolve(`${name}/package.json`))

const app = express()
serveMonaco(app)
const get = (path: string) => request(app).get(`/__motia-runtime/monaco/${path}`)

test("When Monaco's loader is requested, then it is sent as a script, byte for byte", async () => {
  const { text } = await get('vs/loader.js')
    .expect(200)
    .expect('Content-Type', /javascript/)
  expect(text).toEqual(readFileSync(join(folderOf('monaco-editor'), 'min/vs/loader.js'), 'utf8'))
})

test.each([
  '..%2fpackage.json',
  '..%2fesm%2fvs%2findex.js',
  'vs%2f..%2f..%2fesm%2fvs%2findex.js',
  '%2fetc%2fpasswd',
  'vs',
  '',
  'vs/none.js',
  'vs/loader.js%00',
])('When the path is "%s", which is not a file of the build for browsers, then it is not found', async (path) => {
  await get(path).expect(404, { message: 'Not found' })
})

test('When the editor component asks for a version of Monaco, then that is the one that is installed', () => {
  const { version }: { version: string } = require('monaco-editor/package.json')
  const wanted = readFileSync(join(folderOf('@monaco-editor/loader'), 'lib/es/config/index.js'), 'utf8')
  expect(wanted).toContain(`monaco-editor@${version}/`)
})
