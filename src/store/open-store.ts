import { sharedRedis } from '../redis/shared-redis'
import type { Settings } from '../settings'
import { createFileStore } from './file/file-store'
import { createRedisStore } from './redis/redis-store'
import type { PetStore } from './store'

/** The store that the settings name. */
export const openStore = ({ store, dataDir, redisUrl }: Settings): PetStore =>
  store === 'redis' && redisUrl ? createRedisStore(sharedRedis(redisUrl)) : createFileStore({ dataDir })
