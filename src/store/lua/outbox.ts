import { FEED_LENGTH, OUTBOX_LENGTH } from '../keys.ts'
import { defineScript } from '../redis-client.ts'
import { clock } from './clock.ts'

/** After `clock`. Positions are counted by `newest` in the state, so they have no holes while a lane is open; the stream's ids are made of them. */
export const outboxFunctions = `
local function newest_change()
  return tonumber(redis.call('HGET', outbox_state, 'newest') or '0')
end
local function outbox_epoch()
  return tonumber(redis.call('HGET', outbox_state, 'epoch') or '0')
end
local function append_changes(changes)
  if #changes == 0 or redis.call('EXISTS', outbox_lanes) == 0 then return end
  local at = string.format('%d', now_ms())
  for _, change in ipairs(changes) do
    local position = redis.call('HINCRBY', outbox_state, 'newest', 1)
    redis.call('XADD', outbox, 'MAXLEN', '~', ${OUTBOX_LENGTH}, position .. '-0', 'k', change[1], 'd', change[2], 't', at, 'p', change[3] or '')
  end
  redis.call('XADD', feed, 'MAXLEN', '~', ${FEED_LENGTH}, '*', 't', 'outbox', 'e', 'appended', 'd', 'null')
end
local function open_lane(lane)
  redis.call('HSETNX', outbox_lanes, lane, newest_change())
end
local function close_lane(lane)
  redis.call('HDEL', outbox_lanes, lane)
  if redis.call('EXISTS', outbox_lanes) == 0 then redis.call('UNLINK', outbox) end
end
`

const prelude = `
local outbox, outbox_lanes, outbox_state = unpack(KEYS)
${clock}${outboxFunctions}`

/** ARGV: lane. */
export const openLaneScript = defineScript(`${prelude}
open_lane(ARGV[1])
return 'OK'
`)

/** ARGV: lane. */
export const closeLaneScript = defineScript(`${prelude}
close_lane(ARGV[1])
return 'OK'
`)

/** Entries that are looked at together: large ones are not all taken into memory to be left out. */
const LOOK = 5

/** ARGV: after, how many at most, bytes of data that they may have together (the first one may have more). Answers the newest position, then the entries. */
export const readOutboxScript = defineScript(`${prelude}
local newest, most, free = newest_change(), tonumber(ARGV[2]), tonumber(ARGV[3])
local taken = tonumber(ARGV[1])
if taken > newest then taken = 0 end
local entries = {}
while #entries < most do
  local count = math.min(${LOOK}, most - #entries)
  local found = redis.call('XRANGE', outbox, string.format('%d-0', taken + 1), '+', 'COUNT', count)
  for _, entry in ipairs(found) do
    free = free - #entry[2][4]
    if free < 0 and #entries > 0 then return { newest, entries } end
    entries[#entries + 1] = entry
    taken = tonumber(string.match(entry[1], '^%d+'))
  end
  if #found < count then break end
end
return { newest, entries }
`)

/** Answers the new epoch. It is the time, so that nobody gets one a second time after a failover that lost the first. */
export const takeEpochScript = defineScript(`${prelude}
local epoch = string.format('%d', math.max(outbox_epoch() + 1, now_ms()))
redis.call('HSET', outbox_state, 'epoch', epoch)
return epoch
`)

/** ARGV: lane, position, epoch. */
export const advanceLaneScript = defineScript(`${prelude}
if outbox_epoch() ~= tonumber(ARGV[3]) then return 'FENCED' end
local at = redis.call('HGET', outbox_lanes, ARGV[1])
if not at then return 'CLOSED' end
local taken = math.min(tonumber(ARGV[2]), newest_change())
if taken > tonumber(at) then redis.call('HSET', outbox_lanes, ARGV[1], string.format('%d', taken)) end
return 'OK'
`)

/** Answers how many entries went. */
export const trimOutboxScript = defineScript(`${prelude}
local taken = newest_change()
for _, at in ipairs(redis.call('HVALS', outbox_lanes)) do taken = math.min(taken, tonumber(at)) end
return redis.call('XTRIM', outbox, 'MINID', string.format('%d-0', taken + 1))
`)
