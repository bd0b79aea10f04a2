#!lua flags=no-writes
-- Counts what is in the shard, for metrics and operators. Writes nothing and has no common.lua before it.
--
-- KEYS  any key of the shard
-- ARGV  prefix
-- Reply {name, number, ...}; a time or a number that is not there is left out
-- O(1) in the size of the shard: at most 64 workspaces of a ring, 64 endpoints of a class, 100 lanes are looked at.

local call, prefix = redis.call, ARGV[1]
local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local out = {}
local function put(name, n)
  out[#out + 1] = name
  out[#out + 1] = string.format('%.0f', n)
end

put('now', now)
local names = {
  'accepted', 'unmatched', 'fannedOut', 'poisoned', 'planned', 'delivered', 'dead', 'dropped', 'trimmed', 'replayed',
  'failed'
}
for i, n in ipairs(call('HMGET', prefix .. 'totals', unpack(names))) do put(names[i], tonumber(n) or 0) end
put('openItems', tonumber(call('HGET', prefix .. 'backlog', '*')) or 0)
put('retries', call('ZCARD', prefix .. 'retries'))
put('timers', call('ZCARD', prefix .. 'timers'))
put('failing', call('ZCARD', prefix .. 'failing'))
put('poison', call('LLEN', prefix .. 'poison'))
put('suspects', call('LLEN', prefix .. 'suspects'))
put('lanes', call('ZCOUNT', prefix .. 'lanes', string.format('%.0f', now), '+inf'))
local claimed = 0
for _, lane in ipairs(call('ZRANGE', prefix .. 'lanes', 0, 99)) do
  claimed = claimed + call('SCARD', prefix .. 'claimed:' .. lane)
end
put('claimed', claimed)
local retry = call('ZRANGE', prefix .. 'retries', 0, 0, 'WITHSCORES')[2]
if retry then put('nextRetry', tonumber(retry) or 0) end

local oldest
local function see(id)  -- the first 48 bits of an event's id are the milliseconds of its acceptance
  local t = tonumber(string.sub(id, 1, 8) .. string.sub(id, 10, 13), 16)
  if t and (not oldest or t < oldest) then oldest = t end
end
for _, ws in ipairs(call('LRANGE', prefix .. 'eventring', 0, 63)) do
  local id = call('LINDEX', prefix .. 'events:' .. ws, 0)
  if id then see(id) end
end
for _, class in ipairs({'fast', 'slow'}) do
  local ring = prefix .. 'ring:' .. class
  local workspaces = call('LRANGE', ring, 0, 63)
  local last = math.ceil(64 / math.max(1, #workspaces)) - 1
  for _, ws in ipairs(workspaces) do
    for _, w in ipairs(call('LRANGE', ring .. ':' .. ws, 0, last)) do
      for _, token in ipairs(call('LRANGE', prefix .. 'queue:' .. w, 0, 7)) do  -- retries stand before the others
        local id = string.match(token, '^([^#]+)#0')
        if id then
          see(id)
          break
        end
      end
    end
  end
end
if oldest then put('oldestWaiting', oldest) end
return out
