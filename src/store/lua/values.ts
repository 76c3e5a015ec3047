import { KEYS } from '../keys.ts'
import { defineScript } from '../redis-client.ts'

/**
 * Values stand in one hash for each collection, each as `<n> <position> <value as JSON>`, because Redis answers a page from there with one command.
 * `store_value(n, position, text)` and `drop_value()` change that of the record, and with it the collection's version.
 */
export const valueFunctions = `
local function store_value(n, position, text)
  redis.call('HSET', values, id, n .. ' ' .. position .. ' ' .. text)
  redis.call('INCR', version)
end
local function drop_value()
  redis.call('HDEL', values, id)
  redis.call('INCR', version)
end
`

/** ARGV: names of records. A value that stands in its record's hash, as it once did, moves. */
export const moveValuesScript = defineScript(`
for _, name in ipairs(ARGV) do
  local record = '${KEYS.recordPrefix}' .. name
  local n, seq, text = unpack(redis.call('HMGET', record, 'n', 'seq', 'v'))
  if text then
    local colon = string.find(name, ':', 1, true)
    redis.call('HSET', '${KEYS.values('')}' .. string.sub(name, 1, colon - 1), string.sub(name, colon + 1), n .. ' ' .. seq .. ' ' .. text)
    redis.call('HDEL', record, 'v')
  end
end
return 'OK'
`)
