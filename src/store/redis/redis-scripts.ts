import { script } from '../../redis/script'

/** What a write answers while pets are copied into the store, which would not notice it. */
const UNLESS_COPYING = `
if redis.call('EXISTS', KEYS[5]) == 1 then return redis.error_reply('COPYING pets are being copied into the store') end`

/**
 * Keys all, ids, unfinished, revision, copying, seq; the JSON after the id, `1` if unfinished, the largest id, the next
 * revision. The new id. A sequence that was lost, with a key that somebody deleted, goes on behind the highest id.
 */
export const createScript = script(`${UNLESS_COPYING}
local last = tonumber(redis.call('GET', KEYS[6]) or '0')
if last == 0 then
  last = tonumber(redis.call('ZREVRANGE', KEYS[2], 0, 0)[1] or '0')
  if last > 0 then redis.call('SET', KEYS[6], string.format('%.0f', last)) end
end
if last >= tonumber(ARGV[3]) then return redis.error_reply('NOIDS there are no ids left') end
local id = string.format('%.0f', redis.call('INCR', KEYS[6]))
redis.call('HSET', KEYS[1], id, '{"id":"' .. id .. '",' .. ARGV[1])
redis.call('ZADD', KEYS[2], id, id)
if ARGV[2] == '1' then redis.call('ZADD', KEYS[3], id, id) end
redis.call('SET', KEYS[4], ARGV[4])
return id
`)

/**
 * Keys all, ids, unfinished, revision, copying; id, the JSON it must have, `keep`, `set` or `remove`, the new JSON, `1` if
 * unfinished, the next revision. 1 where that was done, the JSON it has where that is another, null where there is no such pet.
 */
export const changeScript = script(`${UNLESS_COPYING}
local current = redis.call('HGET', KEYS[1], ARGV[1])
if not current or current ~= ARGV[2] then return current end
if ARGV[3] == 'set' then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
  if ARGV[5] == '1' then
    redis.call('ZADD', KEYS[3], ARGV[1], ARGV[1])
  else
    redis.call('ZREM', KEYS[3], ARGV[1])
  end
  redis.call('SET', KEYS[4], ARGV[6])
elseif ARGV[3] == 'remove' then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('SET', KEYS[4], ARGV[6])
end
return 1
`)

/** Keys all and the set of ids; an id, how many. The JSON of the pets that follow the id, in their order. */
export const pageScript = script(`
local ids = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf', 'LIMIT', 0, ARGV[2])
if #ids == 0 then return {} end
return redis.call('HMGET', KEYS[1], unpack(ids))
`)

/** Keys all and the set of ids; an id or `+inf`, how many. The JSON of the pets before the id, from it backwards. */
export const pageBackScript = script(`
local ids = redis.call('ZREVRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '-inf', 'LIMIT', 0, ARGV[2])
if #ids == 0 then return {} end
return redis.call('HMGET', KEYS[1], unpack(ids))
`)
