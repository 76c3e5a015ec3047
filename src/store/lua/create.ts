import { defineScript } from '../redis-client.ts'
import { writePrelude } from './write.ts'

/** ARGV[4]: the value. */
export const createScript = defineScript(`${writePrelude}
if before.n then return { 'EXISTS' } end
local refused = refusal()
if refused then return refused end
before.seq = tostring(redis.call('INCR', sequence))
local n = number_after(before.n)
changed = { 'n', tostring(n), 'seq', before.seq }
store_value(n, before.seq, ARGV[4])
redis.call('ZADD', index, before.seq, id)
apply_alongside()
return { 'OK', n }
`)
