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
 * ARGV[1] is the id, ARGV[2] the record's name, ARGV[3] the alongside as JSON. Keys of referenced records and of attributes are not
 * declared; the hash tag keeps them in the same slot.
 */
export const writePrelude = `
local record, log, referrers, index, sequence, unique, wishes, feed, lines, values, version, outbox, outbox_lanes, outbox_state = unpack(KEYS)
local id, name = ARGV[1], ARGV[2]
local alongside = cjson.decode(ARGV[3])
${clock}${appendEvents}${appendLines}${indexes}${outboxFunctions}${references}${valueFunctions}${wish}
local function stored_references()
  return cjson.decode(redis.call('HGET', record, 'refs') or '[]')
end
local function stored_epoch()
  return tonumber(redis.call('HGET', record, 'epoch') or '0')
end
-- Everything that can refuse the write, before anything is changed.
local function refusal()
  if alongside.epoch and alongside.epoch ~= stored_epoch() then return { 'FENCED' } end
  if alongside.outboxEpoch and alongside.outboxEpoch ~= outbox_epoch() then return { 'FENCED' } end
  if alongside.unique then
    local owner = redis.call('HGET', unique, alongside.unique)
    if owner and owner ~= id then return { 'EXISTS' } end
  end
  local missing = alongside.references and missing_reference(alongside.references)
  if missing then return { 'MISSING', missing } end
end
local function tell_lanes()
  if alongside.closeLane then close_lane(alongside.closeLane) end
  append_changes(alongside.changes or {})
  if alongside.openLane then open_lane(alongside.openLane) end
end
local function apply_alongside()
  if alongside.newEpoch then redis.call('HSET', record, 'epoch', alongside.newEpoch) end
  if alongside.incarnation then redis.call('HSET', record, 'incarnation', alongside.incarnation) end
  if alongside.unique then
    local before = redis.call('HGET', record, 'unique')
    if before then redis.call('HDEL', unique, before) end
    redis.call('HSET', unique, alongside.unique, id)
    redis.call('HSET', record, 'unique', alongside.unique)
  end
  if alongside.references then
    set_references(name, stored_references(), alongside.references)
    redis.call('HSET', record, 'refs', cjson.encode(alongside.references))
  end
  if alongside.indexes then set_indexes(alongside.indexes) end
  set_wish(wishes, id, alongside.wish)
  local first = append_events(log, feed, name, alongside.events or {})
  if first then redis.call('HSETNX', record, 'log0', first) end
  for what, text in pairs(alongside.attachments or {}) do redis.call('HSET', record, 'attached:' .. what, text) end
  if alongside.lines then append_lines(record, lines, alongside.lines) end
  tell_lanes()
end
`
