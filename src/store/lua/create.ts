import { defineScript } from '../redis-client.ts'
import { writePrelude } from './write.ts'

/** ARGV[4]: the value. */
export const createScript = defineScript(`${writePrelude}
if redis.call('EXISTS', record) == 1 then return { 'EXISTS' } end
local refused = refusal()
if refused then return refused end
local seq = redis.call('INCR', sequence)
redis.call('HSET', record, 'n', 1, 'seq', seq)
store_value(1, ARGV[4])
redis.call('ZADD', index, seq, id)
apply_alongside()
return { 'OK', 1 }
`)
