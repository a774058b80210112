import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../tests/support/free-port'
import { ROOT, serverEnvironment } from '../../tests/support/server'
import { makeTempDir } from '../../tests/support/temp-dir'
import { writePetStoreFile } from '../sample-pets'
import { ensureCommand } from './install'
import { hasLogged, type ServerProcess, startProcess } from './server-process'

const run = promisify(execFile)

/** A redis-server for one run. */
export interface RedisServer extends ServerProcess {
  url: string
}

/** Starts an empty redis-server with an append-only file that it syncs every second. Installs it if it is missing. */
export const startRedisServer = async (tracer: string[] = []): Promise<RedisServer> => {
  await ensureCommand('redis-server', 'redis-server')
  const dir = makeTempDir('pet-store-bench-')
  const port = String(await freePort())
  const logFile = join(dir, 'output.log')
  const settings = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '']
  const server = await startProcess({
    command: [...tracer, 'redis-server', '--bind', '127.0.0.1', '--port', port, '--dir', dir, ...settings],
    logFile,
    isReady: () => hasLogged(logFile, 'Ready to accept connections'),
  })
  return { ...server, url: `redis://127.0.0.1:${port}` }
}

/** Puts that many pets into an empty Redis, as a user would: with `npm run pets:copy`. */
export const fillRedis = async (redisUrl: string, pets: number): Promise<void> => {
  const dir = makeTempDir('pet-store-bench-')
  writePetStoreFile(join(dir, 'pets.json'), pets)
  await run(process.execPath, ['--import', 'tsx', 'script/copy-pets.ts', '--from', 'file', '--to', 'redis'], {
    cwd: ROOT,
    env: serverEnvironment({ PETS_DATA_DIR: dir, REDIS_URL: redisUrl }),
  })
}
