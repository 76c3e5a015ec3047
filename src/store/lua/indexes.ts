import { KEYS } from '../keys.ts'
import { defineScript } from '../redis-client.ts'

/**
 * `set_indexes(names)`: the record is found by these names from now on, by no others; answers them as the record keeps them. When it had others the collection's sequence is raised too: a reader that saw
 * the same sequence before and after knows that the records it was led to are those that it read.
 */
export const indexes = `
local function set_indexes(names)
  local known, after = before.indexes or '{}', cjson.encode(names)
  if known == after then return before.indexes or after end
  for _, one in ipairs(cjson.decode(known)) do redis.call('ZREM', '${KEYS.attributePrefix}' .. one, id) end
  for _, one in ipairs(names) do redis.call('ZADD', '${KEYS.attributePrefix}' .. one, before.seq, id) end
  if known ~= '{}' then redis.call('INCR', sequence) end
  return after
end
`

/** ARGV: names of records. Names of indexes that end in a UUID as it was written, as they once did, end in it as `attributeName` folds it. */
export const foldIndexesScript = defineScript(`
local hex = '%x%x%x%x'
local uuid = '^' .. hex .. hex .. ('%-' .. hex):rep(4) .. hex .. hex .. '$'
for _, name in ipairs(ARGV) do
  local record = '${KEYS.recordPrefix}' .. name
  local before, position = unpack(redis.call('HMGET', record, 'indexes', 'seq'))
  local id = string.sub(name, string.find(name, ':', 1, true) + 1)
  local after, moved = {}, false
  for _, one in ipairs(cjson.decode(before or '[]')) do
    local prefix, value = string.match(one, '^([^:]*:[^:]*:)(.*)$')
    local folded = string.find(value, uuid) and prefix .. string.lower(value) or one
    if folded ~= one then
      moved = true
      redis.call('ZREM', '${KEYS.attributePrefix}' .. one, id)
      redis.call('ZADD', '${KEYS.attributePrefix}' .. folded, position, id)
    end
    after[#after + 1] = folded
  end
  if moved then redis.call('HSET', record, 'indexes', cjson.encode(after)) end
end
return 'OK'
`)
