-- Moves waiting deliveries onto a lane: slow endpoints first, then fast ones, round robin over workspaces and then
-- over their endpoints.
--
-- ARGV  prefix, endpoint limit, lane, most deliveries, most of slow endpoints, most of one workspace at a visit,
--       most bytes of bodies (one is always taken), then workspaces that hold their share already
-- Reply {version, {event id, body, ...} each body once, {token, class, workspace, ...}}; error FENCED
-- O(deliveries), at most 512 endpoints looked at

local lane, n, slow = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local quantum, bytes = tonumber(ARGV[6]), tonumber(ARGV[7])
if fenced(lane) then return redis.error_reply('-FENCED lane') end
local full = {}
for i = 8, #ARGV do full[ARGV[i]] = true end
local bodies, out, have, sent, got, dead, looked = {}, {}, {}, {}, 0, 0, 0

local function take(e, most, c)  -- claims from one queue
  local q = prefix .. 'queue:' .. e.id
  local js = call('LRANGE', q, 0, most - 1)
  local ids, need, keys = {}, {}, {}
  for i, j in ipairs(js) do
    ids[i] = string.match(j, '^[^#]+')
    if have[ids[i]] == nil then need[#need + 1] = ids[i]
      keys[#keys + 1] = prefix .. 'event:' .. ids[i]
      have[ids[i]] = false end
  end
  if #need > 0 then
    for i, b in ipairs(call('MGET', unpack(keys))) do have[need[i]] = b end
  end
  local toks, k = {}, 0
  for i, j in ipairs(js) do
    local id = ids[i]
    local body, rest = have[id], string.sub(j, #id + 1)
    if body and not sent[id] then
      if got > 0 and #body > bytes then bytes = 0
        break end
      bytes = bytes - #body
      sent[id] = true
      bodies[#bodies + 1] = id
      bodies[#bodies + 1] = body
    end
    k = i
    if body then
      local t = id .. '>' .. e.id .. rest
      toks[#toks + 1] = t
      out[#out + 1] = t
      out[#out + 1] = c
      out[#out + 1] = e.ws
      started(e, string.match(t, '^[^.]+'))
      got = got + 1
    else bury(e, id, tonumber(string.match(rest, '%d+')), 'expired')
      dead = dead + 1 end
  end
  many('SADD', prefix .. 'claimed:' .. lane, toks)
  call('LTRIM', q, k, -1)
end

local function serve(c, most)  -- round robin over workspaces, at most quantum jobs each
  local ring = prefix .. 'ring:' .. c
  local left, idle = call('LLEN', ring), 0
  while got < most and idle < left and bytes > 0 and looked < 512 do
    local ws = call('LMOVE', ring, ring, 'LEFT', 'RIGHT')
    if not ws then return end
    local list = ring .. ':' .. ws
    local before, buried, k = got, dead, full[ws] and 0 or call('LLEN', list)
    while k > 0 and got < most and got - before < quantum and bytes > 0 do
      k = k - 1
      looked = looked + 1
      local w = call('LMOVE', list, list, 'LEFT', 'RIGHT')
      local e = endpoint(w)
      local stay = false
      if e.state == 'deleted' or e.state == 'disabled' then call('RPUSH', prefix .. 'purges', ws .. '/' .. w)
      elseif c == 'slow' or class(e) == c then
        local r = math.min(room(e), quantum - (got - before), most - got)
        if r > 0 then
          take(e, r, c)
          stay = room(e) > 0 and class(e) == c and call('EXISTS', prefix .. 'queue:' .. w) == 1
        end
      end
      if not stay then call('RPOP', list)
        put(e, 'ring', '') end
    end
    if not full[ws] and call('EXISTS', list) == 0 then call('RPOP', ring)
      left = left - 1
    elseif got + dead == before + buried then idle = idle + 1 else idle = 0 end
  end
end
serve('slow', math.min(n, slow))
serve('fast', n)
if got > 0 and call('EXISTS', prefix .. 'ring:fast', prefix .. 'ring:slow') > 0 then wake() end
flush()
return {version(), bodies, out}
