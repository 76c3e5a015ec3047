import { FEED_LENGTH, MOST_LINE_BYTES, MOST_LINES } from '../keys.ts'
import { defineScript } from '../redis-client.ts'

/** `append_lines(lines, bytes, texts)`: the oldest go where there are too many. `bytes` are those that are kept before; answers those that are kept after, and how many lines went: the record's hash counts both. */
export const appendLines = `
local function append_lines(lines, bytes, texts)
  for _, text in ipairs(texts) do bytes = bytes + #text end
  local count, gone = redis.call('RPUSH', lines, unpack(texts)), 0
  while count > ${MOST_LINES} or (bytes > ${MOST_LINE_BYTES} and count > 1) do
    bytes = bytes - #redis.call('LPOP', lines)
    count, gone = count - 1, gone + 1
  end
  return bytes, gone
end
`

/** `is_meant(record, incarnation)`: whether it is there and no other than the meant one. Any is when none is meant, or when it was written before incarnations were. */
const isMeant = `
local function is_meant(record, incarnation)
  if redis.call('EXISTS', record) == 0 then return false end
  return incarnation == '' or (redis.call('HGET', record, 'incarnation') or incarnation) == incarnation
end
`

/** KEYS: record, lines, feed. ARGV: topic, incarnation, then the lines. */
export const appendLinesScript = defineScript(`${appendLines}${isMeant}
if not is_meant(KEYS[1], ARGV[2]) then return 0 end
local bytes, gone = append_lines(KEYS[2], redis.call('HGET', KEYS[1], 'lineBytes') or 0, { unpack(ARGV, 3) })
redis.call('HSET', KEYS[1], 'lineBytes', bytes)
if gone > 0 then redis.call('HINCRBY', KEYS[1], 'linesGone', gone) end
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ${FEED_LENGTH}, '*', 't', ARGV[1], 'e', 'lines', 'd', 'null')
return 1
`)

/** KEYS: record, lines. ARGV: after. Answers how many went, then the lines after the first \`after\` that were ever written. */
export const readLinesScript = defineScript(`
local gone = tonumber(redis.call('HGET', KEYS[1], 'linesGone') or '0')
return { gone, redis.call('LRANGE', KEYS[2], math.max(0, ARGV[1] - gone), -1) }
`)

/** KEYS: record. ARGV: name, text, incarnation. */
export const attachScript = defineScript(`${isMeant}
if not is_meant(KEYS[1], ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], 'attached:' .. ARGV[1], ARGV[2])
return 1
`)
