import { FEED_LENGTH } from '../keys.ts'
import { defineScript } from '../redis-client.ts'

/**
 * A space of objects: a revision counter (KEYS[1], its existence is the existence of the space), a set of shelf names (KEYS[2]) and one hash
 * for each shelf (`<kind>|<namespace>`), whose key is ARGV[1] and the shelf's name. A value is `<revision> <text>`.
 */
const prelude = `
local revision_key, shelves_key = KEYS[1], KEYS[2]
local prefix = ARGV[1]
local function revision_of(value)
  return value and string.match(value, '^%d+') or '0'
end
`

/** ARGV: prefix, then shelf and name of each object. Answers the space's revision, then the value of each. */
export const getObjectsScript = defineScript(`${prelude}
local revision = redis.call('GET', revision_key)
if not revision then return { 'NOSPACE' } end
local answer = { 'OK', revision }
for at = 2, #ARGV, 2 do answer[#answer + 1] = redis.call('HGET', prefix .. ARGV[at], ARGV[at + 1]) or '' end
return answer
`)

/** ARGV: prefix, kind, and a namespace (or '*' for all of them). Answers the space's revision, then shelf, name, value of each object. */
export const listObjectsScript = defineScript(`${prelude}
local revision = redis.call('GET', revision_key)
if not revision then return { 'NOSPACE' } end
local shelves = { ARGV[2] .. '|' .. ARGV[3] }
if ARGV[3] == '*' then shelves = redis.call('SMEMBERS', shelves_key) end
local start = ARGV[2] .. '|'
local answer = { 'OK', revision }
for _, shelf in ipairs(shelves) do
  if string.sub(shelf, 1, #start) == start then
    local all = redis.call('HGETALL', prefix .. shelf)
    for i = 1, #all, 2 do
      answer[#answer + 1] = shelf
      answer[#answer + 1] = all[i]
      answer[#answer + 1] = all[i + 1]
    end
  end
end
return answer
`)

/** ARGV: prefix, and a namespace. Answers shelf, name, value of every object in it, whatever its kind. */
export const listNamespaceScript = defineScript(`${prelude}
if not redis.call('GET', revision_key) then return { 'NOSPACE' } end
local ending = '|' .. ARGV[2]
local answer = { 'OK' }
for _, shelf in ipairs(redis.call('SMEMBERS', shelves_key)) do
  if string.sub(shelf, -#ending) == ending then
    for _, name in ipairs(redis.call('HKEYS', prefix .. shelf)) do
      answer[#answer + 1] = shelf
      answer[#answer + 1] = name
    end
  end
end
return answer
`)

/**
 * KEYS[3]: the feed. ARGV: prefix, topic prefix, number of guards, then shelf, name, revision for each guard; then action ('put' or 'remove'),
 * shelf, name, expected revision, text, JSON for the feed for each write. All or nothing; answers the revision of each write.
 */
export const commitObjectsScript = defineScript(`${prelude}
if redis.call('EXISTS', revision_key) == 0 then return { 'NOSPACE' } end
local feed, topics = KEYS[3], ARGV[2]
local at = 4
for _ = 1, tonumber(ARGV[3]) do
  if revision_of(redis.call('HGET', prefix .. ARGV[at], ARGV[at + 1])) ~= ARGV[at + 2] then return { 'CONFLICT' } end
  at = at + 3
end
local first = at
while at <= #ARGV do
  if revision_of(redis.call('HGET', prefix .. ARGV[at + 1], ARGV[at + 2])) ~= ARGV[at + 3] then return { 'CONFLICT' } end
  at = at + 6
end
local answer = { 'OK' }
at = first
while at <= #ARGV do
  local action, shelf, name, expected, text, told = unpack(ARGV, at, at + 5)
  local revision = redis.call('INCR', revision_key)
  local event = 'DELETED'
  if action == 'put' then
    event = expected == '0' and 'ADDED' or 'MODIFIED'
    redis.call('HSET', prefix .. shelf, name, revision .. ' ' .. text)
    if event == 'ADDED' then redis.call('SADD', shelves_key, shelf) end
  else
    redis.call('HDEL', prefix .. shelf, name)
    if redis.call('EXISTS', prefix .. shelf) == 0 then redis.call('SREM', shelves_key, shelf) end
  end
  local bar = string.find(shelf, '|', 1, true)
  local data = '[' .. revision .. ',' .. cjson.encode(string.sub(shelf, bar + 1)) .. ',' .. cjson.encode(name) .. ',' .. told .. ']'
  redis.call('XADD', feed, 'MAXLEN', '~', ${FEED_LENGTH}, '*', 't', topics .. string.sub(shelf, 1, bar - 1), 'e', event, 'd', data)
  answer[#answer + 1] = revision
  at = at + 6
end
return answer
`)

/** ARGV: prefix. Answers 1 when there was such a space. */
export const dropSpaceScript = defineScript(`${prelude}
for _, shelf in ipairs(redis.call('SMEMBERS', shelves_key)) do redis.call('UNLINK', prefix .. shelf) end
redis.call('DEL', shelves_key)
return redis.call('DEL', revision_key)
`)
