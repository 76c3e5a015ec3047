import { defineScript } from '../redis-client.ts'
import { writePrelude } from './write.ts'

/** Names in the answer of a record that is still used. */
const SHOWN = 10

/** ARGV[4]: the n that is expected, or empty. */
export const removeScript = defineScript(`${writePrelude}
if not before.n then return { 'GONE' } end
local refused = refusal()
if refused then return refused end
if ARGV[4] ~= '' and before.n ~= ARGV[4] then return { 'CONFLICT' } end
local users = {}
for _, user in ipairs(redis.call('SRANDMEMBER', referrers, ${SHOWN} + 1)) do
  if user ~= name then users[#users + 1] = user end
end
if #users > 0 then return { 'USED', unpack(users) } end
set_references(name, before.refs, {})
if before.unique then redis.call('HDEL', unique, before.unique) end
set_indexes({})
redis.call('INCR', sequence)
redis.call('ZREM', index, id)
drop_value()
redis.call('ZREM', wishes, id)
append_events(nil, feed, name, events)
tell_lanes()
redis.call('DEL', record, log, referrers, lines)
return { 'OK' }
`)
