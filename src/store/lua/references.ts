import { KEYS } from '../keys.ts'

/** `missing_reference(names)`: the first that does not exist. `set_references(name, before, after)`: keeps the sets of referrers true. */
export const references = `
local function missing_reference(names)
  for _, name in ipairs(names) do
    if redis.call('EXISTS', '${KEYS.recordPrefix}' .. name) == 0 then return name end
  end
end
local function set_references(name, before, after)
  for _, other in ipairs(before) do redis.call('SREM', '${KEYS.referrersPrefix}' .. other, name) end
  for _, other in ipairs(after) do redis.call('SADD', '${KEYS.referrersPrefix}' .. other, name) end
end
`
