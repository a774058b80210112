import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startChild } from '../support/child'
import { copyProject } from '../support/project-copy'
import { ROOT, serverEnvironment } from '../support/server'

const read = (root: string): string => readFileSync(join(root, 'types.d.ts'), 'utf8')

test('types.d.ts is what `npm run types` writes: if it is not, run that', async () => {
  const { root, write } = copyProject()
  write('types.d.ts', '')
  const generate = startChild(['npm', 'run', 'types'], { cwd: root, env: serverEnvironment() })
  const { code } = await generate.exited
  expect(code, generate.output()).toBe(0)
  expect(existsSync(join(root, 'steps', '.motia'))).toBe(false)
  expect(read(ROOT)).toBe(read(root))
})
