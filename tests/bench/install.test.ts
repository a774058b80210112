import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { ensureCommand, findCommand } from '../../bench/contenders/install'
import { makeTempDir } from '../support/temp-dir'

afterEach(() => vi.unstubAllEnvs())

test('When a command and a package manager are missing, then the error names the package', async () => {
  const bin = makeTempDir()
  for (const name of ['bash', 'dirname', 'id', 'node', 'redis-server'])
    symlinkSync(findCommand(name) ?? '', join(bin, name))
  vi.stubEnv('PATH', bin)
  await expect(ensureCommand('initdb', 'postgresql')).rejects.toThrow(/^initdb is missing: install postgresql/)
})

test('When a command exists, then nothing is installed', async () => {
  const bin = makeTempDir()
  symlinkSync(process.execPath, join(bin, 'initdb'))
  vi.stubEnv('PATH', bin)
  await expect(ensureCommand('initdb', 'postgresql')).resolves.toBeUndefined()
})
