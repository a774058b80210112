import { sharedRedis } from '../redis/shared-redis'
import { createFileStore } from '../store/file/file-store'
import { createRedisStore } from '../store/redis/redis-store'
import type { PetStore } from '../store/store'
import type { Settings } from './settings'

/** Returns the store of the settings. */
export const openStore = ({ dataDir, redisUrl, redisPrefix }: Settings): PetStore =>
  redisUrl ? createRedisStore(sharedRedis(redisUrl), redisPrefix) : createFileStore({ dataDir })
