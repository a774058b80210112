import { symlinkSync } from 'node:fs'
import { relative } from 'node:path'
import { expect, test } from 'vitest'
import { findProjectFiles } from '../../src/steps/step-files'
import { makeProject } from './temp-project'

const find = (root: string) => {
  const { steps, streams, warnings } = findProjectFiles(root)
  const named = (files: string[]) => files.map((file) => relative(root, file))
  return { steps: named(steps), streams: named(streams), warnings }
}

const filesOf = (...names: string[]) => Object.fromEntries(names.map((name) => [name, '']))

test('When files have the names that Motia looks for, then they are steps and streams, however deep, and nothing else is', () => {
  const { root } = makeProject(
    filesOf(
      ...['steps/a.step.ts', 'steps/js/create-pet.step.js', 'steps/js/old_step.ts', 'steps/js/older_step.js'],
      ...['src/deep/er/b.step.ts', 'src/notes.stream.ts', 'steps/more_stream.js'],
      ...['steps/js/create-pet.step.ts-features.json', 'steps/js/store.ts', 'src/pets/pets.ts', 'tests/c.step.ts'],
      ...['steps/a.step.test.ts', 'steps/notes.step.md'],
    ),
  )
  expect(find(root)).toEqual({
    steps: [
      ...['src/deep/er/b.step.ts', 'steps/a.step.ts', 'steps/js/create-pet.step.js', 'steps/js/old_step.ts'],
      'steps/js/older_step.js',
    ],
    streams: ['src/notes.stream.ts', 'steps/more_stream.js'],
    warnings: [],
  })
})

test.each([
  ['without src/', ['steps/a.step.ts'], ['steps/a.step.ts']],
  ['without steps/', ['src/a.step.ts'], ['src/a.step.ts']],
  ['without either', ['package.json'], []],
])('When a project is %s, then what it has is found', (_, files, steps) => {
  const { root } = makeProject(filesOf(...files))
  expect(find(root)).toEqual({ steps, streams: [], warnings: [] })
})

test('When files are those of macOS, an editor or a package, then they are ignored without a warning', () => {
  const { root } = makeProject(
    filesOf(
      ...['steps/._a.step.ts', 'steps/.hidden/a.step.ts', 'src/node_modules/x/a.step.ts', 'steps/a.step.ts~'],
      ...['steps/.a.step.ts.swp', 'steps/#a.step.ts#', 'steps/a.step.ts.tmp'],
    ),
  )
  // An Emacs lock is a link without a target.
  symlinkSync('me@host.1234:1', `${root}/steps/.#b.step.ts`)
  expect(find(root)).toEqual({ steps: [], streams: [], warnings: [] })
})

test('When a .tsx or .jsx file is beside a step, then the Workbench draws the step with it; without a step there is a warning', () => {
  const { root } = makeProject(
    filesOf('steps/a.step.ts', 'steps/a.step.tsx', 'steps/b.step.js', 'steps/b.step.jsx', 'steps/c.step.tsx'),
  )
  expect(find(root)).toEqual({
    steps: ['steps/a.step.ts', 'steps/b.step.js'],
    streams: [],
    warnings: [
      'steps/c.step.tsx: is a Workbench component without a step: add the step as a .ts file of the same name',
    ],
  })
})

test('When a step is in another language or has another ending, then a warning says what to do', () => {
  const { root } = makeProject(
    filesOf(
      'steps/a.step.py',
      'steps/b_step.py',
      'src/c.step.rb',
      'src/d.stream.py',
      'src/e.step.mts',
      'src/f.step.cjs',
    ),
  )
  expect(find(root)).toEqual({
    steps: [],
    streams: [],
    warnings: [
      'steps/a.step.py: skipped: Python is not supported, only TypeScript and JavaScript',
      'steps/b_step.py: skipped: Python is not supported, only TypeScript and JavaScript',
      'src/c.step.rb: skipped: Ruby is not supported, only TypeScript and JavaScript',
      'src/d.stream.py: skipped: Python is not supported, only TypeScript and JavaScript',
      'src/e.step.mts: skipped: rename it to .ts',
      'src/f.step.cjs: skipped: rename it to .js',
    ],
  })
})

test('When files or folders are links, then they are followed, but not in a loop', () => {
  const { root, link } = makeProject(filesOf('shared/a.step.ts', 'shared/more/b.step.ts'))
  link('steps/linked.step.ts', 'shared/a.step.ts')
  link('steps/folder', 'shared')
  link('shared/more/round', 'shared')
  link('steps/lost.step.ts', 'shared/nothing.step.ts')
  expect(find(root)).toEqual({
    steps: ['steps/folder/a.step.ts', 'steps/folder/more/b.step.ts', 'steps/linked.step.ts'],
    streams: [],
    warnings: ['steps/lost.step.ts: skipped: a link to a file that does not exist'],
  })
})

test('When something cannot be read, then a warning says so, and the rest is found', () => {
  const { root } = makeProject(filesOf('steps/a.step.ts'))
  // Root may read every folder, but nobody can follow a link to itself.
  symlinkSync('round', `${root}/steps/round`)
  expect(find(root)).toEqual({
    steps: ['steps/a.step.ts'],
    streams: [],
    warnings: ['steps/round: skipped: it cannot be read (ELOOP)'],
  })
})
