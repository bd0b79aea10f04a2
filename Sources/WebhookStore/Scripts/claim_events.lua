-- Moves waiting events onto a lane, round robin over workspaces, at most eight of one at a time.
--
-- ARGV  prefix, endpoint limit, lane, most events, most bytes of bodies (one event is always taken)
-- Reply {version, token, fan-out cursor or '', body, token, ...}; error FENCED
-- O(events)

local lane, n, bytes = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
if fenced(lane) then return redis.error_reply('-FENCED lane') end
local out, got, ring = {version()}, 0, prefix .. 'eventring'
while got < n and bytes > 0 do
  local ws = call('LMOVE', ring, ring, 'LEFT', 'RIGHT')
  if not ws then break end
  local list = prefix .. 'events:' .. ws
  local most = math.min(8, n - got)
  local ids = call('LRANGE', list, 0, most - 1)
  local keys, toks, k = {}, {}, 0
  for i, id in ipairs(ids) do
    local e = string.match(id, '^[^.]+')
    keys[2 * i - 1] = prefix .. 'event:' .. e
    keys[2 * i] = prefix .. 'fanout:' .. e
  end
  local v = #ids > 0 and call('MGET', unpack(keys))
  for i, id in ipairs(ids) do
    local body = v[2 * i - 1]
    if body then
      if got > 0 and #body > bytes then bytes = 0
        break end
      bytes = bytes - #body
      got = got + 1
      local t = ws .. '/' .. id
      toks[#toks + 1] = t
      out[#out + 1] = t
      out[#out + 1] = v[2 * i] or ''
      out[#out + 1] = body
    else poison(ws, string.match(id, '^[^.]+')) end
    k = i
  end
  many('SADD', prefix .. 'claimed:' .. lane, toks)
  call('LTRIM', list, k, -1)
  if k == #ids and (k < most or call('EXISTS', list) == 0) then call('RPOP', ring) end
end
if got > 0 and call('EXISTS', ring) == 1 then wake() end
flush()
return out
