import { createHash } from 'node:crypto'
import { Turns } from 'motia-runtime'
import { script } from '../redis/script'
import type { SharedRedis } from '../redis/shared-redis'
import { type Audit, type AuditEntry, type AuditNews, keyOf, readLine } from './audit'

/** How long to remember an event at least, in ms. All its retries are over by then. */
const KNOWN_MS = 600_000

/**
 * How many events to remember at least, regardless of age: a server that was down for days may send its last events
 * again.
 */
const KNOWN_EVENTS = 10_000

/** How many entries a read returns at most. */
const MOST_LINES = 1_000

/**
 * Adds the entries whose event is not known yet. Keys: the stream, and a sorted set of the known events by time.
 * Arguments: how many entries the stream keeps, how many events to remember at least, the time now, the time up to
 * which events may be forgotten, and five for each entry: its event, topic, trace, data, and the API key that caused it
 * or ''. For each new event, forgets the two oldest if they may be forgotten.
 */
const append = script(`
local stream, events = unpack(KEYS)
local now = ARGV[3]
for i = 5, #ARGV, 5 do
  local event, topic, traceId, data, by = unpack(ARGV, i, i + 4)
  if redis.call('ZADD', events, 'NX', now, event) == 1 then
    local fields = {'at', now, 'topic', topic, 'traceId', traceId, 'data', data}
    if by ~= '' then fields[9], fields[10] = 'by', by end
    redis.call('XADD', stream, 'MAXLEN', '~', ARGV[1], '*', unpack(fields))
    local spare = math.min(2, redis.call('ZCARD', events) - tonumber(ARGV[2]))
    if spare > 0 then
      local oldest = redis.call('ZRANGEBYSCORE', events, '-inf', ARGV[4], 'LIMIT', 0, spare)
      if #oldest > 0 then redis.call('ZREM', events, unpack(oldest)) end
    end
  end
end
`)

/** An entry that waits to be added. */
interface WaitingEntry {
  args: [event: string, topic: string, traceId: string, data: string, by: string]
  resolve: () => void
  reject: (error: unknown) => void
}

type StreamEntry = [id: string, fields: string[]]

/** The audit trail in a Redis stream that all servers share. It keeps the latest `limit` entries, or a few more. */
export class AuditStream implements Audit {
  readonly #stream: string
  readonly #turns = new Turns<WaitingEntry>('audit', (entries) => this.#write(entries))

  /** `scope` is the name of the store, whose hash tag the stream shares. `now` returns epoch ms. */
  constructor(
    private readonly redis: SharedRedis,
    private readonly limit: number,
    scope = 'pets',
    private readonly now: () => number = () => Date.now(),
  ) {
    this.#stream = `{${scope}}:audit`
  }

  append(entry: AuditEntry): Promise<void> {
    const { topic, traceId, data, by = '' } = entry
    const event = createHash('sha256').update(keyOf(entry)).digest('base64url').slice(0, 27)
    return new Promise((resolve, reject) => {
      this.#turns.add({ args: [event, topic, traceId, JSON.stringify(data), by], resolve, reject })
    })
  }

  async readAfter(end: string | undefined): Promise<AuditNews> {
    const known = end !== undefined && /^\d{1,15}-\d{1,15}$/.test(end) ? end : undefined
    const [latest] = await this.redis.run((redis) => redis.xrevrange(this.#stream, '+', '-', 'COUNT', 1))
    const last = latest?.[0] ?? '0-0'
    if (known !== undefined && compareIds(known, last) <= 0) {
      const found = await this.redis.run((redis) => redis.xrange(this.#stream, `(${known}`, '+', 'COUNT', MOST_LINES))
      return { lines: found.flatMap(toLine), end: found.at(-1)?.[0] ?? known, isNew: false }
    }
    const found = await this.redis.run((redis) => redis.xrevrange(this.#stream, '+', '-', 'COUNT', MOST_LINES))
    return { lines: found.reverse().flatMap(toLine), end: found.at(-1)?.[0] ?? '0-0', isNew: true }
  }

  async #write(entries: WaitingEntry[]): Promise<void> {
    const now = this.now()
    const args: (string | number)[] = [this.limit, Math.max(this.limit, KNOWN_EVENTS), now, now - KNOWN_MS]
    for (const entry of entries) args.push(...entry.args)
    try {
      await this.redis.run((redis) => append(redis, [this.#stream, `${this.#stream}:events`], args))
      for (const { resolve } of entries) resolve()
    } catch (error) {
      for (const { reject } of entries) reject(error)
    }
  }
}

const toLine = ([id, fields]: StreamEntry) => {
  const names = new Map<string, string>()
  for (let index = 0; index + 1 < fields.length; index += 2) names.set(fields[index] ?? '', fields[index + 1] ?? '')
  try {
    const data: unknown = JSON.parse(names.get('data') ?? '')
    const [topic, traceId, by] = [names.get('topic'), names.get('traceId'), names.get('by')]
    return readLine({ at: Number(names.get('at')), topic, traceId, by, data }, id)
  } catch {
    return []
  }
}

/** Compares two ids of a stream, each two numbers: time and sequence. */
const compareIds = (a: string, b: string): number => {
  const [a1 = 0, a2 = 0] = a.split('-').map(Number)
  const [b1 = 0, b2 = 0] = b.split('-').map(Number)
  return a1 - b1 || a2 - b2
}
