import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { closeSharedRedis } from '../src/redis/shared-redis'
import { readSettings, type Settings } from '../src/settings'
import { type CopyEnd, CopyError, copyPets } from '../src/store/copy/copy-pets'
import { fileEnd } from '../src/store/copy/file-end'
import { redisEnd } from '../src/store/copy/redis-end'
import { ProgressBar } from './progress-bar'

const USAGE = `npm run pets:copy -- --from file --to redis
npm run pets:copy -- --from redis --to file
Copies every pet from the data file in PETS_DATA_DIR to the Redis of REDIS_URL, or back, and checks the copy.
Stop the servers that use either before. A store that holds pets is never overwritten.`

const KINDS = ['file', 'redis'] as const
type Kind = (typeof KINDS)[number]

const endOf = (kind: Kind, { dataDir, redisUrl }: Settings): CopyEnd => {
  if (kind === 'file') return fileEnd(dataDir)
  if (!redisUrl) throw new CopyError('REDIS_URL must name the Redis')
  return redisEnd(redisUrl)
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { from: { type: 'string' }, to: { type: 'string' } } })
  const [from, to] = [values.from, values.to].map((name) => KINDS.find((kind) => kind === name))
  if (!from || !to || from === to) throw new CopyError(`Say what to copy where.\n${USAGE}`)
  if (existsSync('.env')) process.loadEnvFile('.env')
  const settings = readSettings()
  const [source, target] = [endOf(from, settings), endOf(to, settings)]
  const bar = new ProgressBar()
  try {
    const { count, seq } = await copyPets(source, target, (stage, done, total) => bar.show(stage, done, total))
    bar.end()
    console.info(
      `✓ ${count.toLocaleString('en')} pets of ${source.name} are in ${target.name}, all compared; the next id is ${seq}`,
    )
  } finally {
    bar.end()
    await closeSharedRedis()
  }
}

main().catch((error: unknown) => {
  console.error(`✗ ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
})
