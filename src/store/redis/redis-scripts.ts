import { script } from '../../redis/script'

/**
 * Carries out many writes, each by six arguments: a verb, an id, the JSON that the pet must have, its new JSON, whether
 * it owes events ('1', '0', or '' if that is as before), and the `Idempotency-Key` that it gets or loses ('' if none).
 *
 * - `create` stores a new pet. Its "id" is a text that stands for the new id in the JSON. Replies with the new id. If
 *   another pet has its key, it does nothing and replies with the id and the JSON of that, unless the JSON is the one
 *   that is given.
 * - `set`, `remove` and `keep` (which changes nothing) reply 1 if the pet had that JSON. Otherwise they do nothing and
 *   reply with the JSON it has, or null if the pet does not exist.
 *
 * Keys: all, ids, owing, byKey, seq, revision, copying. The first arguments: the next revision, and the highest id. If
 * Redis has no memory left, it refuses what needs some: that is the reply to one write, and the others are still
 * carried out. A sequence that was lost, because somebody deleted its key, continues after the highest id.
 */
export const writeScript = script(`
local all, ids, owing, byKey, seq, revision, copying = unpack(KEYS)
if redis.call('EXISTS', copying) == 1 then return redis.error_reply('COPYING pets are being copied into the store') end
local isChanged = false

local function create(token, expected, text, owes, key)
  local first = key ~= '' and redis.call('HGET', byKey, key)
  local current = first and redis.call('HGET', all, first)
  if current and current ~= expected then return {first, current} end
  local last = tonumber(redis.call('GET', seq) or '0')
  if last == 0 then last = tonumber(redis.call('ZREVRANGE', ids, 0, 0)[1] or '0') end
  if last >= tonumber(ARGV[2]) then return redis.error_reply('NOIDS there are no ids left') end
  local id = string.format('%.0f', last + 1)
  local reply = redis.pcall('SET', seq, id)
  if reply.err then return reply end
  redis.call('HSET', all, id, (string.gsub(text, token, id)))
  redis.call('ZADD', ids, id, id)
  if owes == '1' then redis.call('ZADD', owing, id, id) end
  if key ~= '' then redis.call('HSET', byKey, key, id) end
  isChanged = true
  return id
end

local function change(verb, id, expected, text, owes, key)
  local current = redis.call('HGET', all, id)
  if current ~= expected then return current end
  if verb == 'set' then
    local reply = redis.pcall('HSET', all, id, text)
    if type(reply) == 'table' then return reply end
    if owes == '1' then redis.call('ZADD', owing, id, id) end
    if owes == '0' then redis.call('ZREM', owing, id) end
    isChanged = true
  elseif verb == 'remove' then
    redis.call('HDEL', all, id)
    redis.call('ZREM', ids, id)
    redis.call('ZREM', owing, id)
    isChanged = true
  end
  if key ~= '' and redis.call('HGET', byKey, key) == id then redis.call('HDEL', byKey, key) end
  return 1
end

local replies = {}
for i = 3, #ARGV, 6 do
  local verb, id, expected, text, owes, key = unpack(ARGV, i, i + 5)
  replies[#replies + 1] = verb == 'create' and create(id, expected, text, owes, key)
    or change(verb, id, expected, text, owes, key)
end
if isChanged then redis.call('SET', revision, ARGV[1]) end
return replies
`)

/**
 * Reads a page. Keys: all, and the set of ids. Arguments: `ZRANGEBYSCORE` or `ZREVRANGEBYSCORE` with its two limits,
 * and how many pets. Replies with the ids and the JSON of each pet.
 */
export const pageScript = script(`
local ids = redis.call(ARGV[1], KEYS[2], ARGV[2], ARGV[3], 'LIMIT', 0, ARGV[4])
if #ids == 0 then return {{}, {}} end
return {ids, redis.call('HMGET', KEYS[1], unpack(ids))}
`)
