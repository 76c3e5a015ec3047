import { FEED_LENGTH, LOG_LENGTH } from '../keys.ts'

/** `append_events(log, feed, topic, events)`: each event to the feed and, under the same id, to the log. Returns the first id. `log` is nil when the record goes. */
export const appendEvents = `
local function append_events(log, feed, topic, events)
  local first
  for _, e in ipairs(events) do
    local id = redis.call('XADD', feed, 'MAXLEN', '~', ${FEED_LENGTH}, '*', 't', topic, 'e', e[1], 'd', e[2])
    if log then
      redis.call('XADD', log, 'MAXLEN', '~', ${LOG_LENGTH}, id, 'e', e[1], 'd', e[2])
      first = first or id
    end
  end
  return first
end
`
