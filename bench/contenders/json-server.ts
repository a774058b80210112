import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { freePort } from '../../tests/support/free-port'
import { serverEnvironment } from '../../tests/support/server'
import { makeTempDir } from '../../tests/support/temp-dir'
import { writeJsonServerFile } from '../sample-pets'
import type { Contender } from './contender'
import { responds, startProcess } from './server-process'

const packageFile = createRequire(import.meta.url).resolve('json-server/package.json')

/** json-server without its request log, which would slow it down. It has no jobs, and responds before it writes. */
export const jsonServer: Contender = {
  key: 'json-server',
  title: 'json-server',
  hasJobs: false,
  start: async (pets, tracer = []) => {
    const dir = makeTempDir('pet-store-bench-')
    const file = join(dir, 'db.json')
    writeJsonServerFile(file, pets)
    const port = String(await freePort())
    const url = `http://127.0.0.1:${port}/pets`
    const cli = join(dirname(packageFile), 'lib/cli/bin.js')
    const server = await startProcess({
      command: [...tracer, process.execPath, cli, '--quiet', '--host', '127.0.0.1', '--port', port, file],
      env: serverEnvironment({ NODE_ENV: 'production' }),
      cwd: dir,
      logFile: join(dir, 'output.log'),
      isReady: () => responds(`${url}/1`),
    })
    return { ...server, url }
  },
}
