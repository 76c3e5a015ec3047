import { defineScript } from '../redis-client.ts'
import { writePrelude } from './write.ts'

/** ARGV[4]: the value; ARGV[5]: the n that is expected. */
export const replaceScript = defineScript(`${writePrelude}
if redis.call('EXISTS', record) == 0 then return { 'GONE' } end
local refused = refusal()
if refused and refused[1] == 'FENCED' then return refused end
if redis.call('HGET', record, 'n') ~= ARGV[5] then return { 'CONFLICT' } end
if refused then return refused end
local n = redis.call('HINCRBY', record, 'n', 1)
store_value(n, ARGV[4])
apply_alongside()
return { 'OK', n }
`)
