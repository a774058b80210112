import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { z } from 'zod'
import { type CronLeases, type CronRun, FUTURE_TICK_MS } from '../../cron/cron-leases'

/** How long a lease lasts without renewal, and how often its server renews it, in ms. */
const LEASE_MS = 13_000
const RENEW_MS = 4_000

/**
 * Keys: lease, done. Arguments: token, tick, duration of the lease in ms, the latest plausible tick. No server makes a
 * lease that never expires.
 */
const BEGIN = `
local done = tonumber(redis.call('GET', KEYS[2])) or -1
if done >= tonumber(ARGV[2]) and done <= tonumber(ARGV[4]) then return 'done' end
if redis.call('PTTL', KEYS[1]) == -1 then redis.call('DEL', KEYS[1]) end
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[3]) then return 'run' end
return 'held'`

/** Key: lease. Arguments: token, duration in ms. A lease that Redis lost is taken again. */
const RENEW = `
local holder = redis.call('GET', KEYS[1])
if not holder or holder == ARGV[1] then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end`

/** Keys: lease, done. Arguments: token, the tick that was run or -1, the latest plausible tick. */
const END = `
local done = tonumber(redis.call('GET', KEYS[2])) or -1
if ARGV[2] ~= '-1' and (done < tonumber(ARGV[2]) or done > tonumber(ARGV[3])) then redis.call('SET', KEYS[2], ARGV[2]) end
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`

const latestTick = (): number => Date.now() + FUTURE_TICK_MS

const begunSchema = z.enum(['run', 'held', 'done'])
/** Null if no tick was run to its end, or if somebody has stored another value. */
const tickSchema = z.coerce.number().nullable().catch(null)

/** Leases in Redis. A server renews its lease every 4 s. Within 13 s of its death another server gets the run. */
export class RedisLeases implements CronLeases {
  /** `prefix` is the prefix of all keys. */
  constructor(
    private readonly redis: Redis,
    private readonly prefix: string,
  ) {}

  async begin(step: string, tick: number): Promise<CronRun | 'held' | 'done'> {
    const redis = this.redis
    const keys = [this.#key(step, 'lease'), this.#key(step, 'done')] as const
    const token = randomUUID()
    const begun = begunSchema.parse(await redis.eval(BEGIN, 2, ...keys, token, tick, LEASE_MS, latestTick()))
    if (begun !== 'run') return begun
    // If Redis does not respond now, it may do so at the next renewal.
    const renew = () => redis.eval(RENEW, 1, keys[0], token, LEASE_MS).catch(() => {})
    const timer = setInterval(renew, RENEW_MS).unref()
    const finish = async (doneTick: number) => {
      clearInterval(timer)
      await redis.eval(END, 2, ...keys, token, doneTick, latestTick())
    }
    return { end: () => finish(tick), release: () => finish(-1) }
  }

  async lastTick(step: string): Promise<number | null> {
    return tickSchema.parse(await this.redis.get(this.#key(step, 'done')))
  }

  #key(step: string, what: string): string {
    return `${this.prefix}:${step}:${what}`
  }
}
