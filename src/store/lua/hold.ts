import { FEED_LENGTH } from '../keys.ts'
import { defineScript } from '../redis-client.ts'

/** KEYS: hold. ARGV: holder, ms, a dead holder that may be pushed aside (or empty). Answers OK, or the holder and its ms left. */
export const takeScript = defineScript(`
local current = redis.call('GET', KEYS[1])
if current and current ~= ARGV[1] and current ~= ARGV[3] then return { current, redis.call('PTTL', KEYS[1]) } end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return { 'OK' }
`)

/** KEYS: holds. ARGV: holder, ms, then for each key 1 when it may be taken again after it expired. Answers the keys that are not ours any more. */
export const renewScript = defineScript(`
local lost = {}
for i, key in ipairs(KEYS) do
  local current = redis.call('GET', key)
  if current == ARGV[1] then redis.call('PEXPIRE', key, ARGV[2])
  elseif not current and ARGV[i + 2] == '1' then redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
  else lost[#lost + 1] = key end
end
return lost
`)

/** KEYS: hold, feed. ARGV: holder. Those who wait for it hear of it on the feed; the topic is the key. */
export const releaseScript = defineScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ${FEED_LENGTH}, '*', 't', KEYS[1], 'e', 'released', 'd', 'null')
return 1
`)
