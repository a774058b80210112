import { AuditStream } from '../../src/audit/audit-stream'
import { sharedRedis } from '../../src/redis/shared-redis'
import { createFileStore } from '../../src/store/file/file-store'
import { createRedisStore } from '../../src/store/redis/redis-store'
import type { PetStore } from '../../src/store/store'
import { startRedis, type TestRedis } from '../support/redis'
import type { AuditLine, ServerOptions } from '../support/server'
import { makeTempDir } from '../support/temp-dir'
import { waitFor } from '../support/wait-for'
import { readAudit } from './scenario'

/** Where servers store everything, as a scenario sees it from outside. */
export interface World {
  /** Options for `startServer`. Every server that is started with these shares the data. */
  options: Pick<ServerOptions, 'dataDir' | 'env'>
  /** The store, as another process sees it. */
  store: PetStore
  audit(): Promise<AuditLine[]>
  /** Kills (kill -9) the process that keeps the data, if it is one. */
  kill(): Promise<void>
  /** Starts it again. */
  revive(): Promise<void>
}

/** Creates a folder in which the server itself stores everything. */
export const makeFolder = async (dataDir = makeTempDir()): Promise<World & { dataDir: string }> => {
  return {
    dataDir,
    options: { dataDir },
    store: createFileStore({ dataDir }),
    audit: async () => readAudit(dataDir),
    kill: async () => {},
    revive: async () => {},
  }
}

/** Starts a Redis that has everything that it acknowledged on disk, even if it is killed. */
export const makeRedis = async (): Promise<World> =>
  redisWorld(await startRedis(['--appendonly', 'yes', '--appendfsync', 'always']))

/** Returns the world in a Redis. */
export const redisWorld = (redis: TestRedis): World => {
  const shared = sharedRedis(redis.url)
  return {
    options: { env: { REDIS_URL: redis.url } },
    store: createRedisStore(shared),
    audit: async () => {
      const lines: AuditLine[] = []
      const trail = new AuditStream(shared, 1)
      for (let end = '0-0'; ; ) {
        const news = await trail.readAfter(end)
        if (news.lines.length === 0) return lines
        lines.push(...news.lines)
        end = news.end
      }
    },
    kill: redis.kill,
    revive: async () => {
      await redis.start()
      await waitFor(() => shared.run((client) => client.ping()), { what: 'this process to be connected again' })
    },
  }
}
