import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../tests/support/free-port'
import { ROOT, serverEnvironment } from '../../tests/support/server'
import { makeTempDir } from '../../tests/support/temp-dir'
import { writePetStoreFile } from '../sample-pets'
import type { Contender, RunningContender } from './contender'
import { fillRedis, startRedisServer } from './redis-server'
import { responds, startProcess } from './server-process'

/** Variables that are set, even if they are empty, are not read from a `.env` file. */
const UNSET = { HOST: '', REDIS_URL: '', PETS_HANDLER_TIMEOUT: '', PETS_TRACE_LIMIT: '', PETS_STOP_GRACE: '' }

/** Starts the pet store in production mode on a data folder. */
export const startPetStore = async (
  dataDir: string,
  env: Record<string, string> = {},
  tracer: string[] = [],
): Promise<RunningContender> => {
  const port = String(await freePort())
  const url = `http://127.0.0.1:${port}/js/pets`
  const server = await startProcess({
    command: [...tracer, process.execPath, 'node_modules/motia-runtime/bin/motia-runtime.mjs', 'start'],
    env: serverEnvironment({ NODE_ENV: 'production', PORT: port, PETS_DATA_DIR: dataDir, ...UNSET, ...env }),
    cwd: ROOT,
    logFile: join(dataDir, 'output.log'),
    isReady: () => responds(`${url}/1`),
  })
  return { ...server, url }
}

/** Makes a data folder with that many pets. */
export const makeDataDir = (pets: number): string => {
  const dataDir = makeTempDir('pet-store-bench-')
  writePetStoreFile(join(dataDir, 'pets.json'), pets)
  return dataDir
}

const countLines = async (file: string): Promise<number> =>
  existsSync(file) ? (await readFile(file, 'utf8')).split('\n').length - 1 : 0

/** The pet store as it starts by default: everything is in its process and its data folder. */
export const embedded: Contender = {
  key: 'embedded',
  title: 'pet store',
  hasJobs: true,
  start: async (pets, tracer) => {
    const dataDir = makeDataDir(pets)
    const server = await startPetStore(dataDir, {}, tracer)
    return { ...server, auditedEvents: () => countLines(join(dataDir, 'audit.jsonl')) }
  },
}

/** The pet store with all its data in its own Redis. */
export const overRedis: Contender = {
  key: 'redis',
  title: 'with Redis',
  hasJobs: true,
  start: async (pets, tracer) => {
    const redis = await startRedisServer(tracer)
    await fillRedis(redis.url, pets)
    const server = await startPetStore(makeTempDir('pet-store-bench-'), { REDIS_URL: redis.url })
    return {
      ...server,
      end: async (signal) => {
        await server.end(signal)
        await redis.end(signal)
      },
    }
  },
}

/** The pet store on Motia's own runner, which starts a Node process for each call of a step. */
export const stockRunner: Contender = {
  key: 'stock',
  title: 'stock Motia',
  hasJobs: true,
  start: (pets) => startPetStore(makeDataDir(pets), { PETS_STEP_RUNTIME: 'process' }),
}
