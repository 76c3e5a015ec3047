import { KEYS } from '../keys.ts'

/** `wrong_reference(names, marks)`: the refusal for the first that does not exist, or has another mark than the one that is given (`<n> <position>`, or empty). `set_references(name, known, names)`: keeps the sets of referrers true; `known`, and the answer, are as the record keeps them. */
export const references = `
local function wrong_reference(names, marks)
  for i, name in ipairs(names) do
    local n, position = unpack(redis.call('HMGET', '${KEYS.recordPrefix}' .. name, 'n', 'seq'))
    if not n then return { 'MISSING', name } end
    if marks[i] ~= '' and marks[i] ~= n .. ' ' .. position then return { 'CHANGED', name } end
  end
end
local function set_references(name, known, names)
  local after = cjson.encode(names)
  if known == after then return after end
  for _, other in ipairs(cjson.decode(known or '[]')) do redis.call('SREM', '${KEYS.referrersPrefix}' .. other, name) end
  for _, other in ipairs(names) do redis.call('SADD', '${KEYS.referrersPrefix}' .. other, name) end
  return after
end
`
