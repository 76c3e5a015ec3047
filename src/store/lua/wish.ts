/** `now_ms()`: the clock of Redis, the same for all processes. `set_wish(wishes, id, wish)`: due now, due at a time in ms, done, or (nil) left as it is. */
export const wish = `
local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function set_wish(wishes, id, wish)
  if wish == true then redis.call('ZADD', wishes, now_ms(), id) end
  if type(wish) == 'number' then redis.call('ZADD', wishes, string.format('%d', wish), id) end
  if wish == false then redis.call('ZREM', wishes, id) end
end
`
