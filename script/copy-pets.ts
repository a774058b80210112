import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { projectPackage } from 'motia-runtime'
import { readSettings } from '../src/app/settings'
import { closeSharedRedis } from '../src/redis/shared-redis'
import { CopyError, copyPets } from '../src/store/copy/copy-pets'
import { fileEnd } from '../src/store/copy/file-end'
import { redisEnd } from '../src/store/copy/redis-end'
import { ProgressBar } from './progress-bar'

const USAGE = `Usage: npm run pets:copy -- --from file --to redis
       npm run pets:copy -- --from redis --to file
Copies every pet from the data file in PETS_DATA_DIR to the Redis of REDIS_URL, or back, and checks the copy.
Stop the servers that use either first. A store that holds pets is never overwritten.`

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { from: { type: 'string' }, to: { type: 'string' } } })
  const isToRedis = values.from === 'file' && values.to === 'redis'
  const isToFile = values.from === 'redis' && values.to === 'file'
  if (!isToRedis && !isToFile) throw new CopyError(`Copy from one store to the other.\n${USAGE}`)
  if (existsSync('.env')) process.loadEnvFile('.env')
  const { dataDir, redisUrl, redisPrefix } = readSettings()
  if (!redisUrl) throw new CopyError('REDIS_URL is not set. Set it to the redis:// URL of the Redis to copy to or from')
  const [file, redis] = [fileEnd(dataDir), redisEnd(redisUrl, redisPrefix, projectPackage('.').name)]
  const bar = new ProgressBar()
  try {
    const [source, target] = isToRedis ? [file, redis] : [redis, file]
    const { count, seq } = await copyPets(source, target, (stage, done, total) => bar.show(stage, done, total))
    bar.end()
    const pets = count === 1 ? '1 pet' : `${count.toLocaleString('en')} pets`
    console.info(`✓ Copied ${pets} from ${source.name} to ${target.name} and compared each; the next id is ${seq}`)
  } finally {
    bar.end()
    await closeSharedRedis()
  }
}

main().catch((error: unknown) => {
  console.error(`✗ ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
})
