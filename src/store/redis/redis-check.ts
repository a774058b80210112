import { z } from 'zod'
import type { SharedRedis } from '../../redis/shared-redis'

const SETTINGS = ['appendonly', 'save', 'maxmemory', 'maxmemory-policy']

const configReply = z.array(z.string())

/** Returns a warning for each setting of a Redis that may lose pets. */
export const checkRedis = async (redis: SharedRedis): Promise<string[]> => {
  // A managed Redis may hide its settings.
  const replies = await Promise.all(SETTINGS.map((name) => redis.run((client) => client.config('GET', name)))).catch(
    () => null,
  )
  if (!replies) return []
  const config = replies.map((reply) => configReply.parse(reply)).map(([name = '', value]) => [name, value])
  return durabilityWarnings(Object.fromEntries(config))
}

/** Returns a warning for each setting that may lose pets. */
export const durabilityWarnings = (config: Record<string, string | undefined>): string[] => {
  const warnings: string[] = []
  if (config.appendonly === 'no') {
    warnings.push(
      config.save
        ? 'This Redis only takes snapshots: if it crashes, the pets stored since the last one are lost. Set appendonly yes'
        : 'This Redis keeps nothing on disk: if it stops, every pet is lost. Set appendonly yes',
    )
  }
  const policy = config['maxmemory-policy'] ?? 'noeviction'
  if (config.maxmemory !== '0' && policy !== 'noeviction') {
    warnings.push(`This Redis drops data when its memory is full (maxmemory-policy ${policy}). Set it to noeviction`)
  }
  return warnings
}
