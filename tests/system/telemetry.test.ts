import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { petsApi } from '../support/pets-api'
import { ROOT, startServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'

const preload = pathToFileURL(`${ROOT}/tests/support/preload/record-network.mjs`).href

const LOCAL = /^(connect|lookup|send) (127\.0\.0\.1|localhost|::1|\/.*)$/

test.each([
  { how: 'npm start', command: ['npm', 'start'] },
  { how: 'npm run dev', command: ['npm', 'run', 'dev'] },
  { how: 'npx motia dev', command: ['npx', 'motia', 'dev'] },
])('When the server runs by $how, then nothing it does leaves 127.0.0.1', async ({ command }) => {
  const log = join(makeTempDir(), 'network.log')
  const server = await startServer({
    command,
    env: { NODE_OPTIONS: `--import ${preload}`, NETWORK_LOG: log, npm_config_update_notifier: 'false' },
  })
  await petsApi(server.url, 'js').createWithJob()
  // As Ctrl-C does it.
  await server.stop('SIGINT', { wholeGroup: true })
  expect(existsSync(log)).toBe(true)
  const attempts = readFileSync(log, 'utf8').trimEnd().split('\n')
  expect(attempts).toContain('connect 127.0.0.1')
  expect([...new Set(attempts)].filter((line) => !LOCAL.test(line))).toEqual([])
})
