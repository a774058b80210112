import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll } from 'vitest'

const made: string[] = []

afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

const nodeModules = resolve(createRequire(import.meta.url).resolve('motia/package.json'), '../..')

/** Creates a project with these files, which may import the packages installed here. It is removed after the tests. */
export const makeProject = (files: Record<string, string> = {}) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'motia-project-')))
  made.push(root)
  symlinkSync(nodeModules, join(root, 'node_modules'))
  const write = (file: string, text: string): string => {
    const path = join(root, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  }
  for (const [file, text] of Object.entries(files)) write(file, text)
  return {
    root,
    write,
    path: (file: string): string => join(root, file),
    remove: (file: string): void => rmSync(join(root, file), { recursive: true }),
    /** Creates a link at `file` to `target`, a path in the project. */
    link: (file: string, target: string): void => {
      mkdirSync(dirname(join(root, file)), { recursive: true })
      symlinkSync(join(root, target), join(root, file))
    },
  }
}

/** Returns the text of an API step that responds with the value of the expression `result`. */
export const apiStep = (name: string, result = "'ok'", config = ''): string =>
  `export const config = { type: 'api', name: '${name}', method: 'GET', path: '/${name}', emits: [], ${config} }
export const handler = async () => ({ status: 200, body: ${result} })
`
