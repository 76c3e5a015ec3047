import { LOOK_BYTES } from '../keys.ts'
import { defineScript } from '../redis-client.ts'

/**
 * KEYS: values, then the indexes whose records are wanted, merged by position. ARGV: after, limit, examine, groups of literals as JSON. Answers the position to go on
 * after (empty at the end), then the id and the value of each record found. Of several indexes each gives its share of `examine`; what is beyond
 * the last one of an index that holds more is left to the next look.
 */
export const scanScript = defineScript(`
local values, after, limit, examine = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local groups = cjson.decode(ARGV[4])
local share = math.max(1, math.floor(examine / (#KEYS - 1)))
local ids, positions, horizon = {}, {}, math.huge
for i = 2, #KEYS do
  local found = redis.call('ZRANGE', KEYS[i], '(' .. after, '+inf', 'BYSCORE', 'LIMIT', 0, share + 1, 'WITHSCORES')
  for j = 1, #found, 2 do
    local position = tonumber(found[j + 1])
    if not ids[position] then positions[#positions + 1] = position end
    ids[position] = found[j]
    if j > 2 * share then horizon = math.min(horizon, position) end
  end
end
table.sort(positions)

local function holds_one(text, from, literals)
  for _, literal in ipairs(literals) do
    if string.find(text, literal, from, true) then return true end
  end
  return false
end
local function holds_all(text)
  if #groups == 0 then return true end
  local _, head = string.find(text, '^%d+ %d+ ')
  for _, literals in ipairs(groups) do
    if not holds_one(text, head + 1, literals) then return false end
  end
  return true
end

local answer, bytes, seen = { '' }, 0, 0
while seen < #positions and positions[seen + 1] < horizon and #answer < 2 * limit and bytes < ${LOOK_BYTES} do
  seen = seen + 1
  local id = ids[positions[seen]]
  local value = redis.call('HGET', values, id)
  bytes = bytes + #value
  if holds_all(value) then
    answer[#answer + 1] = id
    answer[#answer + 1] = value
  end
end
if seen < #positions then answer[1] = string.format('%d', positions[seen]) end
return answer
`)
