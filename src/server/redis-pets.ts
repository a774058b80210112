import type { RedisClientType } from 'redis'
import { KEYS } from '../store/redis/redis-keys'

type Client = Pick<RedisClientType, 'configGet' | 'exists'>

/**
 * Looks whether a Redis can be trusted with the pets: throws a one-line error where a copy into it was cut off, and answers
 * a line for everything in its settings that may lose pets.
 */
export const checkRedisForPets = async (client: Client): Promise<string[]> => {
  if (await client.exists(KEYS.copying)) {
    throw new Error('Redis holds an unfinished copy of the pets: run `npm run pets:copy` again, to its end')
  }
  // A Redis that is somebody's service may keep its settings to itself.
  const config = await Promise.all(SETTINGS.map((name) => client.configGet(name))).catch(() => null)
  return config ? durabilityWarnings(Object.assign({}, ...config)) : []
}

const SETTINGS = ['appendonly', 'save', 'maxmemory', 'maxmemory-policy']

/** What may lose pets, a line for each, by the settings of a Redis. */
export const durabilityWarnings = (config: Record<string, string | undefined>): string[] => {
  const warnings: string[] = []
  if (config.appendonly === 'no') {
    warnings.push(
      config.save
        ? 'This Redis only takes snapshots now and then: should it crash, pets stored since the last are lost. Set appendonly yes'
        : 'This Redis keeps nothing on disk: should it end, every pet is lost. Set appendonly yes',
    )
  }
  const policy = config['maxmemory-policy'] ?? 'noeviction'
  if (config.maxmemory !== '0' && policy !== 'noeviction') {
    warnings.push(`This Redis drops data when its memory is full (maxmemory-policy ${policy}). Set it to noeviction`)
  }
  return warnings
}
