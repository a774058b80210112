import { expect, test } from 'vitest'
import { checkProjectPath } from '../../src/server/project-path'

test.each(['/home/a b/p', '/home/a?b/p', '/home/a*b/p', '/home/src/p', '/home/ä[1]/p'])(
  'When the path of the project is %s, then it is accepted',
  (root) => {
    expect(() => checkProjectPath(root, true, false)).not.toThrow()
  },
)

test('When the path of the project has a backslash in it, then one line says so, except on Windows', () => {
  expect(() => checkProjectPath('/home/a\\b', false, false)).toThrow(
    'The path of the project contains "\\" (/home/a\\b), and Node cannot import modules from there: rename the folder',
  )
  expect(() => checkProjectPath('C:\\a\\b', true, true)).not.toThrow()
})

test.each(['#', '%'])('When it has a %s in it, then the Workbench is refused, and production is not', (character) => {
  const root = `/home/a${character}b`
  expect(() => checkProjectPath(root, true, false)).toThrow(
    `The path of the project contains "${character}" (${root}), and the Workbench cannot be shown from there: rename the folder`,
  )
  expect(() => checkProjectPath(root, false, false)).not.toThrow()
})
