#!lua flags=no-writes
-- Finds what is left of one event's deliveries to some webhooks. Writes nothing and has no common.lua before it.
--
-- KEYS  any key of the shard
-- ARGV  prefix, event, how far into a queue is looked from each end, then webhooks, at most 20
-- Reply for each webhook of which anything is left: {webhook, place, detail, line, ...}
--       place  claimed (lane) | queue (place from 1) | deep (length of a queue that is longer than was looked at)
--              | retry (time in ms) | suspect | dead (time of death in ms) | '' for attempts alone
--       line   an attempt as JSON; the same attempt may come twice
-- O(webhooks * (100 * lanes + 200 attempts + 2 * reach))

local call, prefix, event, reach = redis.call, ARGV[1], ARGV[2], ARGV[3]
local MADE = 20  -- a schedule has at most twenty retries
local lanes = call('ZRANGE', prefix .. 'lanes', 0, 99)
local suspects = call('LRANGE', prefix .. 'suspects', 0, 199)
local stored = call('EXISTS', prefix .. 'event:' .. event) == 1
local out = {}

local function place(w)
  local tokens, waiting = {}, {}
  for a = 0, MADE do
    tokens[#tokens + 1] = event .. '>' .. w .. '#' .. a
    waiting[#waiting + 1] = event .. '#' .. a
  end
  for _, lane in ipairs(lanes) do
    for _, behind in ipairs({'', '.1', '.2', '.3', '.4'}) do
      local asked = {}
      for i, t in ipairs(tokens) do asked[i] = t .. behind end
      for _, held in ipairs(call('SMISMEMBER', prefix .. 'claimed:' .. lane, unpack(asked))) do
        if held == 1 then return 'claimed', lane end
      end
    end
  end
  for _, due in ipairs(call('ZMSCORE', prefix .. 'retries', unpack(tokens))) do
    if due then return 'retry', due end
  end
  for _, t in ipairs(suspects) do
    if string.find(t, event .. '>' .. w .. '#', 1, true) == 1 then return 'suspect', '' end
  end
  local died = call('ZSCORE', prefix .. 'dead:' .. w, event)
  if died then return 'dead', died end
  local queue = prefix .. 'queue:' .. w
  local length = stored and call('LLEN', queue) or 0
  if length == 0 then return '', '' end
  local wanted = {}
  for _, t in ipairs(waiting) do wanted[t] = true end
  for i, t in ipairs(call('LRANGE', queue, 0, reach - 1)) do
    if wanted[string.match(t, '^[^.]+')] then return 'queue', tostring(i) end
  end
  if length <= tonumber(reach) then return '', '' end
  local start = math.max(tonumber(reach), length - reach)
  for i, t in ipairs(call('LRANGE', queue, start, -1)) do
    if wanted[string.match(t, '^[^.]+')] then return 'queue', tostring(start + i) end
  end
  return length > 2 * reach and 'deep' or '', tostring(length)
end

for i = 4, #ARGV do
  local w = ARGV[i]
  local where, detail = place(w)
  local found = {w, where, detail}
  local wanted = '"eventId":"' .. event .. '"'
  for _, list in ipairs({'attempts:' .. w, 'failures:' .. w, 'trail:' .. event .. '>' .. w}) do
    for _, line in ipairs(call('LRANGE', prefix .. list, 0, 99)) do
      if string.find(line, wanted, 1, true) then found[#found + 1] = line end
    end
  end
  if where ~= '' or #found > 3 then out[#out + 1] = found end
end
return out
