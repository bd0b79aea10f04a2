-- Renews a lane and moves what time moves: due retries, probes, expired lanes, old dead letters, purges.
--
-- ARGV  prefix, endpoint limit, lane, lease in ms, age of a dead letter in ms, most dead letters of a webhook,
--       most bytes of a workspace
-- Reply {now, version, time of the next retry or probe or '', '1' when work waits, '1' when the lane is alive,
--       '1' to call again at once, changes of endpoints' states}
-- O(300) at most: 100 retries, 50 of everything else

local lane, lease, age, cap, bytes = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local again = 0
local gap = now - (tonumber(call('GET', prefix .. 'watched')) or now)
call('SET', prefix .. 'watched', stamp)
local moved = gap > lease / 5 or gap < 0  -- Redis stopped, or nobody lived: it is not the lanes' fault
if moved then
  local l = call('ZRANGE', prefix .. 'lanes', 0, -1, 'WITHSCORES')
  for i = 1, #l, 2 do call('ZADD', prefix .. 'lanes', math.min(l[i + 1] + gap, now + lease), l[i]) end
end
local alive = 0
if not fenced(lane) then
  alive = 1
  call('ZADD', prefix .. 'lanes', now + lease, lane)
  call('EXPIRE', prefix .. 'lane:' .. lane, 3600)
end

local due = call('ZRANGE', prefix .. 'retries', '-inf', stamp, 'BYSCORE', 'LIMIT', 0, 100)
for i = #due, 1, -1 do  -- the earliest ends at the head
  local id, w, a = delivery(due[i])
  requeue(endpoint(w), id, a, 0)
end
many('ZREM', prefix .. 'retries', due)
if #due == 100 then again = 1 end
local timers = call('ZRANGE', prefix .. 'timers', '-inf', stamp, 'BYSCORE', 'LIMIT', 0, 50)
for _, w in ipairs(timers) do
  local e = endpoint(w)
  if e.state == 'open' then put(e, 'state', 'half')
    put(e, 'since', now, stamp)
    put(e, 'probe', '') end
end
many('ZREM', prefix .. 'timers', timers)

local l = not moved and call('ZRANGE', prefix .. 'lanes', '-inf', '(' .. stamp, 'BYSCORE', 'LIMIT', 0, 1)[1]
if l then  -- an expired lane
  local toks = call('SRANDMEMBER', prefix .. 'claimed:' .. l, 50)
  local more = call('HGET', prefix .. 'lane:' .. l, 'abandoned') and 0 or 1
  for _, t in ipairs(toks) do
    local id, w, a, n = delivery(t)
    local ws
    if id then ended(endpoint(w), id .. '>' .. w .. '#' .. a) else ws, id, n = event(t) end
    n = n + more
    local e = w and endpoint(w)
    if n < 2 or e and (e.state == 'deleted' or e.state == 'disabled') then
      if e then requeue(e, id, a, n) else requeueEvent(ws, id, n) end
    elseif n < 5 then
      call('RPUSH', prefix .. 'suspects', (e and id .. '>' .. w .. '#' .. a or ws .. '/' .. id) .. deaths(n))
    elseif e then bury(e, id, a, 'poison') else poison(ws, id) end
  end
  many('SREM', prefix .. 'claimed:' .. l, toks)
  if #toks < 50 then call('ZREM', prefix .. 'lanes', l)
    call('DEL', prefix .. 'lane:' .. l) end
  again = 1
end

local function trim(e, k)  -- its k oldest dead letters
  local dead, letters = prefix .. 'dead:' .. e.id, prefix .. 'letters:' .. e.id
  local ids = call('ZRANGE', dead, 0, k - 1)
  if #ids > 0 then
    for i, text in ipairs(call('HMGET', letters, unpack(ids))) do
      if not string.find(text or '', '^#%d+ expired ') then unref(ids[i], e.ws) end
    end
    many('ZREM', dead, ids)
    many('HDEL', letters, ids)
  end
  local head = call('ZRANGE', dead, 0, 0, 'WITHSCORES')[2]
  if head then call('ZADD', prefix .. 'deads', head, e.id) else call('ZREM', prefix .. 'deads', e.id) end
  add(counts, 'trimmed', #ids)
end
local note = call('LINDEX', prefix .. 'purges', 0)
if note then
  local ws, w = string.match(note, '^([^/]*)/(.*)$')
  local e = endpoint(w)
  local k, gone = 50, e.state == 'deleted'
  if e.ws == '' then e.ws = ws end
  if gone or e.state == 'disabled' then
    local js = call('LRANGE', prefix .. 'queue:' .. w, 0, k - 1)
    for _, j in ipairs(js) do
      local id, a = string.match(j, '^([^#]+)#(%d+)')
      requeue(e, id, tonumber(a), 0)
    end
    call('LTRIM', prefix .. 'queue:' .. w, #js, -1)
    k = k - #js
  end
  local letters = call('ZCARD', prefix .. 'dead:' .. w)
  local over = letters - (gone and 0 or cap)
  if over <= 0 and (tonumber(call('HGET', prefix .. 'held', e.ws)) or 0) > bytes / 2 then
    over = math.min(letters, 25)
  end
  if over > 0 and k > 0 then trim(e, math.min(over, k)) end
  if over <= k and k > 0 then
    call('LPOP', prefix .. 'purges')
    again = math.max(again, call('EXISTS', prefix .. 'purges'))
    if gone then call('UNLINK', prefix .. 'attempts:' .. w, prefix .. 'failures:' .. w) end
  else call('LMOVE', prefix .. 'purges', prefix .. 'purges', 'LEFT', 'RIGHT')
    again = 1 end
end
local w = call('ZRANGE', prefix .. 'deads', '-inf', now - age, 'BYSCORE', 'LIMIT', 0, 1)[1]
if w then
  local k = math.min(call('ZCOUNT', prefix .. 'dead:' .. w, '-inf', now - age), 50)
  trim(endpoint(w), k)
  if k == 50 then again = 1 end
end
local sick, k = call('LRANGE', prefix .. 'poison', 0, 49), 0
local over = call('LLEN', prefix .. 'poison') - 1000
for i, p in ipairs(sick) do
  local at, ws, id = string.match(p, '^(%d+) ([^/]+)/(.+)$')
  if i <= over or tonumber(at) <= now - age then k = i
    unref(id, ws)
    call('UNLINK', prefix .. 'fanout:' .. id) end
end
if k > 0 then call('LTRIM', prefix .. 'poison', k, -1) end
flush()

local r = call('ZRANGE', prefix .. 'retries', 0, 0, 'WITHSCORES')[2]
local t = call('ZRANGE', prefix .. 'timers', 0, 0, 'WITHSCORES')[2]
local soon = r and t and math.min(r, t) or r or t or ''
local waits = call('EXISTS',
  prefix .. 'eventring', prefix .. 'ring:fast', prefix .. 'ring:slow', prefix .. 'suspects') > 0 and 1 or 0
return {stamp, version(), tostring(soon), waits, alive, again, turned}
