import { fileURLToPath } from 'node:url'
import { startRedis, type TestRedis } from '../../../../../tests/support/redis'
import { enginePromises } from '../engine-promises'

const MODULE = fileURLToPath(new URL('open-engine.ts', import.meta.url))

let redis: Promise<TestRedis> | undefined
let count = 0

enginePromises('BullMQ', async () => {
  redis ??= startRedis()
  count += 1
  const prefix = `test-${count}`
  return { module: MODULE, options: { redisUrl: (await redis).url, prefix, app: 'test', traceLimit: 100 } }
})
