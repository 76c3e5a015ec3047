import { defineScript } from '../redis-client.ts'
import { clock } from './clock.ts'

/** KEYS: record, log. ARGV: from. Answers the first id ever, the oldest and newest that are kept, and the entries from \`from\` on. */
export const logScript = defineScript(`
local function ids(entries) return entries[1] and entries[1][1] or '' end
return {
  redis.call('HGET', KEYS[1], 'log0') or '',
  ids(redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)),
  ids(redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)),
  redis.call('XRANGE', KEYS[2], ARGV[1], '+'),
}
`)

/** KEYS: wishes. ARGV: limit, ms. Each due wish is put off, so that two sweepers do not see it at once. */
export const dueWishesScript = defineScript(`${clock}
local now = now_ms()
local due = redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])
for _, id in ipairs(due) do redis.call('ZADD', KEYS[1], now + ARGV[2], id) end
return due
`)

/** KEYS: wishes. ARGV: id. Only an existing wish is woken. */
export const wakeWishScript = defineScript(`${clock}
return redis.call('ZADD', KEYS[1], 'XX', now_ms(), ARGV[1])
`)
