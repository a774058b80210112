import { closeSync, existsSync, openSync, readFileSync, readSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../tests/support/free-port'
import { ROOT, redisPid, serverEnvironment } from '../../tests/support/server'
import { makeTempDir } from '../../tests/support/temp-dir'
import { waitFor } from '../../tests/support/wait-for'
import { petStoreFile } from '../sample-pets'
import type { Contender } from './contender'
import { startProcess } from './server-process'

/** Each create is audited twice: the pet, and its job's end. */
const AUDIT_LINES_PER_CREATE = 2

/** How long the jobs of one round may take, in ms. */
const JOBS_TIMEOUT_MS = 120_000

const NEWLINE = 0x0a

/** A contender that keeps its pets in this project's store and its audit trail beside it. */
const storeContender = (
  identity: Pick<Contender, 'key' | 'title' | 'isSlow'>,
  script: string[],
  runtime: string,
): Contender => ({
  ...identity,
  hasJobs: true,
  async start(pets) {
    const dataDir = makeTempDir('pet-store-bench-')
    const petsFile = join(dataDir, 'pets.json')
    const content = petStoreFile(pets)
    writeFileSync(petsFile, content)
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/js/pets`
    const process_ = await startProcess({
      command: [process.execPath, '--import', 'tsx', ...script],
      env: serverEnvironment({
        ...{ NODE_ENV: 'production', PORT: String(port), PETS_DATA_DIR: dataDir, PETS_STEP_RUNTIME: runtime },
        // What is set, if only to nothing, is not looked for in an .env file.
        ...{ REDIS_URL: '', HOST: '', PETS_HANDLER_TIMEOUT: '', PETS_TRACE_LIMIT: '' },
      }),
      cwd: ROOT,
      logFile: join(dataDir, 'output.log'),
      readyUrl: `${url}/1`,
    })
    return {
      ...process_,
      contender: this,
      url,
      end: async (signal) => {
        const redis = redisPid(dataDir)
        await process_.end(signal)
        // A server that was killed could not stop its Redis.
        if (signal === 'SIGKILL' && redis !== null) endProcess(redis)
      },
      countPets: () => countPets(petsFile),
      watch: () => watchAudit(join(dataDir, 'audit.jsonl')),
      reset: async () => {
        writeFileSync(`${petsFile}.reset`, content)
        renameSync(`${petsFile}.reset`, petsFile)
      },
    }
  },
})

const endProcess = (pid: number): void => {
  try {
    process.kill(pid, 'SIGTERM')
  } catch {
    // It has ended by itself.
  }
}

const countPets = (file: string): number | null => {
  try {
    return Object.keys(JSON.parse(readFileSync(file, 'utf8')).pets).length
  } catch {
    return null
  }
}

/** Waits for the lines that the creates from now on bring to the audit trail: each job's last deed is the second. */
const watchAudit = (file: string): ((created: number) => Promise<void>) => {
  let end = existsSync(file) ? statSync(file).size : 0
  let lines = 0
  const look = () => {
    const size = existsSync(file) ? statSync(file).size : 0
    if (size === end) return
    const bytes = readRange(file, end, size)
    end = size
    for (const byte of bytes) if (byte === NEWLINE) lines += 1
  }
  return async (created) => {
    const wanted = created * AUDIT_LINES_PER_CREATE
    const areDone = () => {
      look()
      return lines >= wanted
    }
    await waitFor(areDone, {
      ...{ what: `${wanted} lines in the audit trail`, timeout: JOBS_TIMEOUT_MS, interval: 5 },
      seen: () => lines,
    })
  }
}

const readRange = (file: string, from: number, to: number): Buffer => {
  const fd = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(to - from)
    readSync(fd, bytes, 0, bytes.length, from)
    return bytes
  } finally {
    closeSync(fd)
  }
}

/** This project, its steps in the server's process. */
export const inProcess = storeContender(
  { key: 'in-process', title: 'this project', isSlow: false },
  ['src/server/main.ts', 'start'],
  'in-process',
)

/** This project on Motia's own runner, which starts a Node process for each call of a step. */
export const stockRunner = storeContender(
  { key: 'stock', title: 'stock runner', isSlow: true },
  ['src/server/main.ts', 'start'],
  'process',
)

/** Express doing the same work: what this project would be without Motia. */
export const bareExpress = storeContender(
  { key: 'bare-express', title: 'bare Express', isSlow: false },
  ['bench/contenders/bare-express.ts'],
  '',
)
