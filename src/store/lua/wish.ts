/** After `clock`. `set_wish(wishes, id, wish)`: due now, due at a time in ms, done, or (nil) left as it is. */
export const wish = `
local function set_wish(wishes, id, wish)
  if wish == true then redis.call('ZADD', wishes, now_ms(), id) end
  if type(wish) == 'number' then redis.call('ZADD', wishes, string.format('%d', wish), id) end
  if wish == false then redis.call('ZREM', wishes, id) end
end
`
