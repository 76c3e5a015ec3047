import { clock } from './clock.ts'
import { appendEvents } from './events.ts'
import { indexes } from './indexes.ts'
import { appendLines } from './lines.ts'
import { outboxFunctions } from './outbox.ts'
import { references } from './references.ts'
import { valueFunctions } from './values.ts'
import { wish } from './wish.ts'

/**
 * What every write script starts with. KEYS: record, log, referrers, index, sequence, unique, wishes, feed, lines, values, version, outbox, its lanes, its state.
 * ARGV[1] is the id, ARGV[2] the record's name, ARGV[3] the alongside as JSON; ARGV[4] and ARGV[5] are the script's own. Then come the texts of the alongside, which are
 * stored as they are: event and data of each event; kind, data and traceparent of each change; each line. Keys of referenced records and of attributes are not
 * declared; the hash tag keeps them in the same slot. What the record's hash holds is read once (`before`) and written once (`put`, then `write_record`).
 */
export const writePrelude = `
local record, log, referrers, index, sequence, unique, wishes, feed, lines, values, version, outbox, outbox_lanes, outbox_state = unpack(KEYS)
local id, name = ARGV[1], ARGV[2]
local alongside = cjson.decode(ARGV[3])
local before = {}
before.n, before.epoch, before.seq, before.refs, before.indexes, before.incarnation, before.unique, before.log0, before.lineBytes, before.linesGone =
  unpack(redis.call('HMGET', record, 'n', 'epoch', 'seq', 'refs', 'indexes', 'incarnation', 'unique', 'log0', 'lineBytes', 'linesGone'))
local changed = {}
local function put(field, text)
  if before[field] == text then return end
  changed[#changed + 1] = field
  changed[#changed + 1] = text
end
local function write_record()
  if #changed > 0 then redis.call('HSET', record, unpack(changed)) end
end
local next_text = 6
local function texts(count, width)
  local all = {}
  for i = 1, count do
    all[i] = { unpack(ARGV, next_text, next_text + width - 1) }
    next_text = next_text + width
  end
  return all
end
local events = texts(alongside.events, 2)
local changes = texts(alongside.changes, 3)
${clock}${appendEvents}${appendLines}${indexes}${outboxFunctions}${references}${valueFunctions}${wish}
-- Everything that can refuse the write, before anything is changed.
local function refusal()
  if alongside.epoch and alongside.epoch ~= tonumber(before.epoch or '0') then return { 'FENCED' } end
  if alongside.outboxEpoch and alongside.outboxEpoch ~= outbox_epoch() then return { 'FENCED' } end
  if alongside.unique then
    local owner = redis.call('HGET', unique, alongside.unique)
    if owner and owner ~= id then return { 'EXISTS' } end
  end
  return alongside.references and wrong_reference(alongside.references, alongside.marks)
end
local function tell_lanes()
  if alongside.closeLane then close_lane(alongside.closeLane) end
  append_changes(changes)
  if alongside.openLane then open_lane(alongside.openLane) end
end
local function apply_alongside()
  if alongside.newEpoch then put('epoch', tostring(alongside.newEpoch)) end
  if alongside.incarnation then put('incarnation', alongside.incarnation) end
  if alongside.unique and alongside.unique ~= before.unique then
    if before.unique then redis.call('HDEL', unique, before.unique) end
    redis.call('HSET', unique, alongside.unique, id)
    put('unique', alongside.unique)
  end
  if alongside.references then put('refs', set_references(name, before.refs, alongside.references)) end
  if alongside.indexes then put('indexes', set_indexes(alongside.indexes)) end
  set_wish(wishes, id, alongside.wish)
  local first = append_events(log, feed, name, events)
  if first and not before.log0 then put('log0', first) end
  for what, text in pairs(alongside.attachments or {}) do put('attached:' .. what, text) end
  if alongside.lines > 0 then
    local bytes, gone = append_lines(lines, before.lineBytes or 0, { unpack(ARGV, next_text) })
    put('lineBytes', string.format('%d', bytes))
    if gone > 0 then put('linesGone', string.format('%d', (before.linesGone or 0) + gone)) end
  end
  write_record()
  tell_lanes()
end
`
