import { defineScript } from '../redis-client.ts'
import { writePrelude } from './write.ts'

/** ARGV[4]: the value; ARGV[5]: the n that is expected. */
export const replaceScript = defineScript(`${writePrelude}
if not before.n then return { 'GONE' } end
local refused = refusal()
if refused and refused[1] == 'FENCED' then return refused end
if before.n ~= ARGV[5] then return { 'CONFLICT' } end
if refused then return refused end
local n = number_after(before.n)
put('n', tostring(n))
store_value(n, before.seq, ARGV[4])
apply_alongside()
return { 'OK', n }
`)
