import { KEYS } from '../keys.ts'

/** `missing_reference(names)`: the first that does not exist. `set_references(name, known, names)`: keeps the sets of referrers true; `known`, and the answer, are as the record keeps them. */
export const references = `
local function missing_reference(names)
  for _, name in ipairs(names) do
    if redis.call('EXISTS', '${KEYS.recordPrefix}' .. name) == 0 then return name end
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
