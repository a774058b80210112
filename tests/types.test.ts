import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startChild } from './support/child'
import { copyProject } from './support/project-copy'
import { ROOT, serverEnvironment } from './support/server'

/** The lines of a `types.d.ts` in an order of their own: Motia lists the steps as the file system does. */
const linesOf = (root: string): string[] => readFileSync(join(root, 'types.d.ts'), 'utf8').split('\n').sort()

test('types.d.ts is what `npm run types` writes', { timeout: 180_000 }, async () => {
  const { root, write } = copyProject()
  write('types.d.ts', '')
  const generate = startChild(['npm', 'run', 'types'], { cwd: root, env: serverEnvironment() })
  const { code } = await generate.exited
  expect(code, generate.output()).toBe(0)
  expect(existsSync(join(root, 'steps', '.motia'))).toBe(false)
  expect(linesOf(ROOT)).toEqual(linesOf(root))
})
