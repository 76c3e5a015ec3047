/** `now_ms()`: the clock of Redis, the same for all processes. */
export const clock = `
local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
`
