#!lua flags=allow-oom
-- Put before every script but `ingest`. Rules that all of them keep:
--   * time is Redis's own, never a client's
--   * no error after a write: every field read has a default, a missing key is a state like any other
--   * a token is written to its new place before it leaves the old one
--   * counters change in the script that moves the tokens, summed up and written once by flush()
--
-- KEYS[1] any key of the shard; ARGV[1] the prefix; ARGV[2] most attempts in flight of one endpoint, fleet wide

local call, prefix, endpointLimit = redis.call, ARGV[1], tonumber(ARGV[2])
local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local stamp = string.format('%.0f', now)  -- a Lua number as an argument costs five times a string
local FAST_MS, DAY_MS = 600000, 86400000  -- how long a success under 2 s makes an endpoint fast
local endpoints, touched = {}, {}  -- endpoints read by this call
local turned = {}  -- changes of an endpoint's state: webhook, workspace, from, to, cause of each
local releases, released = {}, {}  -- references to release, by event
local counts, openItems, heldBytes = {}, {}, {}  -- changes of `totals`; by workspace, of `backlog` and `held`

local function add(t, k, n) t[k] = (t[k] or 0) + n end
local function version() return call('GET', prefix .. 'version') or '0' end
local function many(cmd, key, list)
  for i = 1, #list, 100 do call(cmd, key, unpack(list, i, math.min(i + 99, #list))) end
end
local function wake()
  if call('LLEN', prefix .. 'wake') < 4 then call('RPUSH', prefix .. 'wake', '1') end
end
local function fenced(lane)
  local s = tonumber(call('ZSCORE', prefix .. 'lanes', lane))
  return not s or s < now
end

-- tokens: '<event>><webhook>#<attempt>' or '<ws>/<event>', '.<deaths>' behind when nodes died with it
local function delivery(t)
  local e, w, a, n = string.match(t, '^([^>]+)>([^#]+)#(%d+)%.?(%d*)$')
  return e, w, tonumber(a), tonumber(n) or 0
end
local function event(t)
  local ws, e, n = string.match(t, '^([^/]+)/([^.]+)%.?(%d*)$')
  return ws, e, tonumber(n) or 0
end
local function deaths(n) return n > 0 and '.' .. n or '' end

local function rest(e)  -- what a healthy endpoint needs not read
  if e.full then return end
  e.full = true
  local f = call('HMGET', prefix .. 'endpoint:' .. e.id,
    'okAt', 'fails', 'ramp', 'probe', 'since', 'failingSince', 'openings')
  e.okAt = tonumber(f[1]) or 0
  e.fails = tonumber(f[2]) or 0
  e.ramp = tonumber(f[3])
  e.probe = f[4] or ''
  e.since = tonumber(f[5]) or 0
  e.failingSince = tonumber(f[6])
  e.openings = tonumber(f[7]) or 0
end
local function endpoint(w)  -- absent is deleted; 'failing' is ok with failures or a ramp on record
  local e = endpoints[w]
  if e then return e end
  local f = call('HMGET', prefix .. 'endpoint:' .. w, 'ws', 'state', 'inflight', 'ring', 'fastAt')
  local s = f[2] or 'deleted'
  e = {
    id = w, set = {}, ws = f[1] or '', stored = s, state = s == 'failing' and 'ok' or s,
    inflight = tonumber(f[3]) or 0, ring = f[4] or '', fastAt = tonumber(f[5]) or 0,
    okAt = 0, fails = 0, probe = '', since = 0, openings = 0
  }
  if s ~= 'ok' and s ~= 'deleted' then rest(e) end
  endpoints[w] = e
  touched[#touched + 1] = e
  return e
end
local function put(e, k, v, text)  -- text: v as it is stored, where that differs
  e[k] = v
  e.set[k] = text or v or ''
end
local function class(e) return now - e.fastAt < FAST_MS and 'fast' or 'slow' end
local function room(e)  -- attempts that may start now
  if e.state == 'half' then return e.probe == '' and e.inflight < endpointLimit and 1 or 0 end
  if e.state ~= 'ok' then return 0 end
  local l = endpointLimit
  if e.ramp and e.ramp < l then l = e.ramp end
  if l > 2 and now - e.fastAt >= FAST_MS then
    rest(e)
    if e.fails > 0 or now - e.okAt >= FAST_MS then l = 2 end
  end
  return l - e.inflight
end
local function started(e, t)  -- t without deaths
  put(e, 'inflight', e.inflight + 1)
  if e.state == 'half' then put(e, 'probe', t) end
end
local function ended(e, t)
  if e.inflight > 0 then put(e, 'inflight', e.inflight - 1) end
  if e.probe == t then put(e, 'probe', '') end
end

local function unref(id, ws)
  if not releases[id] then released[#released + 1] = {id, ws} end
  add(releases, id, 1)
end
local function drop(e, id, a)
  add(counts, 'dropped', 1)
  add(openItems, e.ws, -1)
  unref(id, e.ws)
  if a > 0 then call('DEL', prefix .. 'trail:' .. id .. '>' .. e.id) end
end
local function bury(e, id, a, reason, last)  -- the dead letter keeps the reference
  local t = {}
  if a > 0 then
    local k = prefix .. 'trail:' .. id .. '>' .. e.id
    t = call('LRANGE', k, 0, -1)
    call('DEL', k)
  end
  if (last or '') ~= '' then t[#t + 1] = last end
  call('HSET', prefix .. 'letters:' .. e.id, id, '#' .. a .. ' ' .. reason .. ' [' .. table.concat(t, ',') .. ']')
  call('ZADD', prefix .. 'dead:' .. e.id, stamp, id)
  call('ZADD', prefix .. 'deads', 'NX', stamp, e.id)
  if call('ZCARD', prefix .. 'dead:' .. e.id) % 20 == 0 then call('RPUSH', prefix .. 'purges', e.ws .. '/' .. e.id) end
  if reason == 'expired' then unref(id, e.ws) end
  add(counts, 'dead', 1)
  add(openItems, e.ws, -1)
end
local function poison(ws, id)  -- an event that has no webhook yet
  call('RPUSH', prefix .. 'poison', stamp .. ' ' .. ws .. '/' .. id)
  add(counts, 'poisoned', 1)
  add(openItems, ws, -1)
end
local function requeue(e, id, a, n)  -- to the head, or its end when the webhook is gone or disabled
  if e.state == 'deleted' then drop(e, id, a)
  elseif e.state == 'disabled' then bury(e, id, a, 'disabled')
  else call('LPUSH', prefix .. 'queue:' .. e.id, id .. '#' .. a .. deaths(n)) end
end
local function requeueEvent(ws, id, n)
  local waiting = call('LPUSH', prefix .. 'events:' .. ws, id .. deaths(n))
  if waiting == 1 and call('RPUSH', prefix .. 'eventring', ws) == 1 then wake() end
end

local function changed(ws, id)  -- one more config version
  local v = call('INCR', prefix .. 'version')
  call('ZADD', prefix .. 'edits:' .. ws, v, id)
  call('ZADD', prefix .. 'changed', v, ws)
  return v
end
local function calm(id)
  call('ZREM', prefix .. 'timers', id)
  call('ZREM', prefix .. 'failing', id)
end
local function disable(e, reason)
  local k = prefix .. 'webhook:' .. e.ws .. ':' .. e.id
  if call('EXISTS', k) == 0 then return end
  put(e, 'state', 'disabled')
  put(e, 'probe', '')
  put(e, 'since', now, stamp)
  e.lastError = reason
  calm(e.id)
  call('RPUSH', prefix .. 'purges', e.ws .. '/' .. e.id)
  call('HSET', k, 'isEnabled', 'false', 'disabledReason', reason, 'updatedAt', stamp, 'version', changed(e.ws, e.id))
end

local function bump(key, t)  -- HINCRBY of each field of t
  for k, n in pairs(t) do
    if n ~= 0 and k ~= '' then call('HINCRBY', key, k, n) end
  end
end
local function flush()  -- the last step of every script that used the above
  for _, e in ipairs(touched) do
    if e.ring == '' and room(e) > 0 and call('EXISTS', prefix .. 'queue:' .. e.id) == 1 then
      local r = prefix .. 'ring:' .. class(e)
      put(e, 'ring', class(e))
      if call('RPUSH', r .. ':' .. e.ws, e.id) == 1 and call('RPUSH', r, e.ws) == 1 then wake() end
    end
    if e.state ~= 'deleted' then
      local s = e.state == 'ok' and (e.fails > 0 or e.ramp or e.failingSince) and 'failing' or e.state
      if s ~= e.stored then
        e.set.state = s
        local from = e.stored == 'failing' and 'ok' or e.stored
        if from ~= e.state then
          for _, v in ipairs({e.id, e.ws, from, e.state, e.lastError or ''}) do turned[#turned + 1] = v end
        end
      end
      local a = {}
      for k, v in pairs(e.set) do
        a[#a + 1] = k
        a[#a + 1] = v
      end
      if #a > 0 then call('HSET', prefix .. 'endpoint:' .. e.id, unpack(a)) end
    end
  end
  for i = 1, #released, 100 do
    local keys, gone = {}, {}
    for j = i, math.min(i + 99, #released) do keys[#keys + 1] = prefix .. 'refs:' .. released[j][1] end
    for j, left in ipairs(call('MGET', unpack(keys))) do
      local id, ws = unpack(released[i + j - 1])
      if (tonumber(left) or 1) > releases[id] then call('DECRBY', keys[j], releases[id])
      else
        gone[#gone + 1] = prefix .. 'event:' .. id
        add(heldBytes, ws, -call('STRLEN', prefix .. 'event:' .. id))
        if left then gone[#gone + 1] = keys[j] end
      end
    end
    if #gone > 0 then call('UNLINK', unpack(gone)) end
  end
  bump(prefix .. 'totals', counts)
  bump(prefix .. 'held', heldBytes)
  local all = 0
  for _, n in pairs(openItems) do all = all + n end
  openItems['*'] = all
  bump(prefix .. 'backlog', openItems)
end
