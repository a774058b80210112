import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../tests/support/free-port'
import { serverEnvironment } from '../../tests/support/server'
import { makeTempDir } from '../../tests/support/temp-dir'
import { jsonServerFile } from '../sample-pets'
import type { Contender } from './contender'
import { startProcess } from './server-process'

/** It answers before it writes; when its file has not changed for so long, it has written all. In ms. */
const QUIET_MS = 300

const packageFile = createRequire(import.meta.url).resolve('json-server/package.json')

/** json-server: what people reach for when they want REST over a JSON file. Without its request log, which would slow it. */
export const jsonServer: Contender = {
  key: 'json-server',
  title: 'json-server',
  isSlow: false,
  hasJobs: false,
  async start(pets) {
    const directory = makeTempDir('pet-store-bench-')
    const file = join(directory, 'db.json')
    writeFileSync(file, jsonServerFile(pets))
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/pets`
    const process_ = await startProcess({
      command: [
        ...[process.execPath, join(dirname(packageFile), 'lib/cli/bin.js'), '--quiet'],
        ...['--host', '127.0.0.1', '--port', String(port), file],
      ],
      env: serverEnvironment({ NODE_ENV: 'production' }),
      cwd: directory,
      logFile: join(directory, 'output.log'),
      readyUrl: `${url}/1`,
    })
    return {
      ...process_,
      contender: this,
      url,
      countPets: () => readPets(file)?.length ?? null,
      watch: () => () => quiet(file),
      reset: async () => {
        const added = (readPets(file) ?? []).filter(({ id }) => id > pets)
        for (const { id } of added) await fetch(`${url}/${id}`, { method: 'DELETE' })
        await quiet(file)
      },
    }
  },
}

const readPets = (file: string): { id: number }[] | null => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).pets
  } catch {
    return null
  }
}

const quiet = async (file: string): Promise<void> => {
  while (Date.now() - statSync(file).mtimeMs < QUIET_MS) await sleep(20)
}
