/**
 * `now_ms()`: the clock of Redis, the same for all processes. `number_after(n)`: the number of the next write of a record that is at `n` (false: of none). It grows, and is the time, so that
 * none is given twice to a record that is made anew, or after a failover that lost the first. In tenths of a millisecond, because Lua writes out fourteen digits of a number and no more.
 */
export const clock = `
local read_time
local function tenths()
  read_time = read_time or redis.call('TIME')
  return read_time[1] * 10000 + math.floor(read_time[2] / 100)
end
local function now_ms()
  return math.floor(tenths() / 10)
end
local function number_after(n)
  return math.max((n or 0) + 1, tenths())
end
`
