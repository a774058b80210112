import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import request from 'supertest'
import { expect, test } from 'vitest'
import { freePort } from '../support/free-port'
import { petsApi } from '../support/pets-api'
import { ROOT, startServer } from '../support/server'
import { makeTempDir } from '../support/temp-dir'

const preload = pathToFileURL(`${ROOT}/tests/support/preload/record-network.mjs`).href

const LOCAL = /^(connect|lookup|send) (127\.0\.0\.1|localhost|::1|\/.*)$/

/** Motia's own command line takes the port and the host as options; the variables are wrong. */
const MOTIA = { PORT: '1', HOST: 'no-such-host.invalid' }

test.each([
  { how: 'npm start', command: ['npm', 'start'], end: 'SIGTERM to npm' },
  { how: 'npm run dev', command: ['npm', 'run', 'dev'], end: 'Ctrl-C' },
  {
    how: 'npx motia dev -pPORT',
    command: ['npx', 'motia', 'dev', '-pPORT', '-H', '127.0.0.1'],
    env: MOTIA,
    end: 'Ctrl-C',
  },
  {
    how: 'npx motia start --port=PORT --host=…',
    command: ['npx', 'motia', 'start', '--port=PORT', '--host=127.0.0.1'],
    env: MOTIA,
    end: 'SIGTERM to npm',
  },
])(
  'When the server is run by $how, then it works, contacts only 127.0.0.1, and $end ends all of it',
  async ({ command, env = {}, end }) => {
    const log = join(makeTempDir(), 'network.log')
    const port = await freePort()
    const server = await startServer({
      command: command.map((word) => word.replace('PORT', String(port))),
      port,
      env: { NODE_OPTIONS: `--import ${preload}`, NETWORK_LOG: log, npm_config_update_notifier: 'false', ...env },
    })
    expect(server.output()).toContain(` ready on http://127.0.0.1:${port}\n`)
    const isDev = command.includes('dev')
    expect(server.output().includes(`   Workbench: http://127.0.0.1:${port}\n`)).toBe(isDev)
    await petsApi(server.url, 'js').createWithJob()
    await request(server.url)
      .get('/')
      .set('Accept', 'text/html')
      .expect(isDev ? 200 : 404)
    const { hasLeftOthers } = await (end === 'Ctrl-C' ? server.stop('SIGINT', { wholeGroup: true }) : server.stop())
    expect(hasLeftOthers).toBe(false)
    // It stopped cleanly: the file contains everything.
    expect(readdirSync(server.dataDir)).not.toContain('pets.journal')
    expect(server.store().pets).toHaveProperty('1')
    await expect(fetch(`${server.url}/health`)).rejects.toThrow()
    // Without any record, the check would prove nothing.
    expect(existsSync(log)).toBe(true)
    const attempts = readFileSync(log, 'utf8').trimEnd().split('\n')
    expect([...new Set(attempts)].filter((line) => !LOCAL.test(line))).toEqual([])
  },
  40_000,
)
