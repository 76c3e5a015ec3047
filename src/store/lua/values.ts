/**
 * Values stand in one hash for each collection, each as `<n> <position> <value as JSON>`, because Redis answers a page from there with one command.
 * `store_value(n, text)` keeps that of the record.
 */
export const storeValue = `
local function store_value(n, text)
  redis.call('HSET', values, id, n .. ' ' .. redis.call('HGET', record, 'seq') .. ' ' .. text)
end
`
