import { createHash } from 'node:crypto'
import { script } from '../redis/script'
import type { SharedRedis } from '../redis/shared-redis'
import { type Audit, type AuditEntry, type AuditNews, keyOf, readLine } from './audit'

/** The stream, under the hash tag of the pets' keys. */
export const AUDIT_KEY = '{pets}:audit'

/** How long an event is known that could be delivered again, in s: the queue's retries and the sweep for lost jobs are over. */
const KNOWN_S = 600

/** The same for a purge: a reaper that was cut off may announce it again in the next night, or the one after. */
const PURGE_KNOWN_S = 3 * 24 * 60 * 60

/** How many entries one answer holds at most. */
const MOST_LINES = 1_000

/** Keys of the stream and of the event; how long the event is known in s, the cap, and the entry's four fields. */
const append = script(`
if not redis.call('SET', KEYS[2], '1', 'NX', 'EX', ARGV[1]) then return 0 end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*',
  'at', ARGV[3], 'topic', ARGV[4], 'traceId', ARGV[5], 'data', ARGV[6])
return 1
`)

type StreamEntry = [id: string, fields: string[]]

/** The audit trail in a Redis stream, shared by all instances. It keeps the latest `limit` entries, or some more. */
export class AuditStream implements Audit {
  readonly #redis: SharedRedis
  readonly #limit: number
  readonly #now: () => number

  /** `now` gives epoch ms. */
  constructor(redis: SharedRedis, limit: number, now: () => number = () => Date.now()) {
    this.#redis = redis
    this.#limit = limit
    this.#now = now
  }

  async append(entry: AuditEntry): Promise<void> {
    const { topic, traceId, data } = entry
    const event = `${AUDIT_KEY}:event:${createHash('sha256').update(keyOf(entry)).digest('base64url').slice(0, 27)}`
    const knownFor = topic.endsWith('.pet.purged') ? PURGE_KNOWN_S : KNOWN_S
    const fields = [this.#now(), topic, traceId, JSON.stringify(data)]
    await this.#redis.run((redis) => append(redis, [AUDIT_KEY, event], [knownFor, this.#limit, ...fields]))
  }

  async readAfter(end: string | undefined): Promise<AuditNews> {
    const known = end !== undefined && /^\d{1,15}-\d{1,15}$/.test(end) ? end : undefined
    const [latest] = await this.#redis.run((redis) => redis.xrevrange(AUDIT_KEY, '+', '-', 'COUNT', 1))
    const last = latest?.[0] ?? '0-0'
    if (known !== undefined && compareIds(known, last) <= 0) {
      const found = await this.#redis.run((redis) => redis.xrange(AUDIT_KEY, `(${known}`, '+', 'COUNT', MOST_LINES))
      return { lines: found.flatMap(toLine), end: found.at(-1)?.[0] ?? known, isNew: false }
    }
    const found = await this.#redis.run((redis) => redis.xrevrange(AUDIT_KEY, '+', '-', 'COUNT', MOST_LINES))
    return { lines: found.reverse().flatMap(toLine), end: found.at(-1)?.[0] ?? '0-0', isNew: true }
  }
}

const toLine = ([id, fields]: StreamEntry) => {
  const names = new Map<string, string>()
  for (let index = 0; index + 1 < fields.length; index += 2) names.set(fields[index] ?? '', fields[index + 1] ?? '')
  try {
    const data: unknown = JSON.parse(names.get('data') ?? '')
    return readLine({ at: Number(names.get('at')), topic: names.get('topic'), traceId: names.get('traceId'), data }, id)
  } catch {
    return []
  }
}

/** Ids of a stream are two numbers, compared one after the other. */
const compareIds = (a: string, b: string): number => {
  const [a1 = 0, a2 = 0] = a.split('-').map(Number)
  const [b1 = 0, b2 = 0] = b.split('-').map(Number)
  return a1 - b1 || a2 - b2
}
