import { KEYS } from '../keys.ts'

/**
 * `set_indexes(names)`: the record is found by these names from now on, by no others. When it had others the collection's sequence is raised too: a reader that saw
 * the same sequence before and after knows that the records it was led to are those that it read.
 */
export const indexes = `
local function set_indexes(names)
  local before, after = redis.call('HGET', record, 'indexes') or '{}', cjson.encode(names)
  if before == after then return end
  local position = redis.call('HGET', record, 'seq')
  for _, one in ipairs(cjson.decode(before)) do redis.call('ZREM', '${KEYS.attributePrefix}' .. one, id) end
  for _, one in ipairs(names) do redis.call('ZADD', '${KEYS.attributePrefix}' .. one, position, id) end
  redis.call('HSET', record, 'indexes', after)
  if before ~= '{}' then redis.call('INCR', sequence) end
end
`
