-- Takes tokens off a lane with their outcomes, and judges their endpoints.
--
-- ARGV  prefix, endpoint limit, lane, then for each token: token, outcome, its argument, verdict, its argument, line
--       outcome  ok | retry (delay in ms) | dead (reason) | back | running (stays); of a deleted webhook all but ok end
--                as dropped
--       verdict  '' | up (ms the attempt took) | down or open (ms and error class; open: the node's own window says so)
--                | wait (ms from now and error class) | hold (ms; not the endpoint's fault) | slow
--                | disable (webhook version and reason)
--       line     the attempt as JSON, or ''
--       At most 64 tokens a call. Sent twice, the second does nothing.
-- Reply {version, tokens that were not on the lane, changes of endpoints' states}
-- O(tokens)

local claimed = prefix .. 'claimed:' .. ARGV[3]
local toks, taken, seen, lost = {}, {}, {}, 0
for i = 4, #ARGV, 6 do toks[#toks + 1] = ARGV[i] end
if #toks == 0 then return {version(), 0, {}} end
local held = call('SMISMEMBER', claimed, unpack(toks))

local function open(e, at)
  put(e, 'state', 'open')
  put(e, 'since', now, stamp)
  put(e, 'probe', '')
  put(e, 'ramp')
  call('ZADD', prefix .. 'timers', 'GT', at, e.id)
  call('ZADD', prefix .. 'failing', 'NX', stamp, e.id)
end
local function judge(e, t, v, x)
  if v == 'slow' then return put(e, 'fastAt', 0) end
  if v == 'hold' then  -- says nothing of the endpoint: no failure is counted
    if e.state ~= 'disabled' then open(e, now + (tonumber(x) or 0)) end
    return
  end
  local ms, text = string.match(x, '^(%d+) ?(.*)$')
  if v == 'disable' then
    if ms and call('HGET', prefix .. 'webhook:' .. e.ws .. ':' .. e.id, 'version') == ms then disable(e, text) end
    return
  end
  ms = tonumber(ms) or 0
  local probe = e.state == 'half' and e.probe == t
  local heard = probe or e.state == 'ok' and now - ms >= e.since  -- a late result is noted, never obeyed
  if v == 'up' then
    if ms >= 2000 then put(e, 'okAt', now, stamp)
    elseif now - e.fastAt >= 1000 then
      put(e, 'fastAt', now, stamp)
      put(e, 'okAt', now, stamp)
    end
    if e.failingSince then put(e, 'failingSince') end
    if heard and e.fails > 0 then put(e, 'fails', 0) end
    if probe then
      put(e, 'state', 'ok')
      put(e, 'since', now, stamp)
      put(e, 'openings', 0)
      put(e, 'ramp', 1)
      calm(e.id)
    elseif heard and e.ramp then put(e, 'ramp', e.ramp + 1 < endpointLimit and e.ramp + 1 or nil) end
    return
  end
  rest(e)
  put(e, 'failedAt', now, stamp)
  put(e, 'lastError', text or '')
  if not e.failingSince then put(e, 'failingSince', now, stamp) end
  if e.state ~= 'disabled' and (heard or v == 'wait') then
    put(e, 'fails', e.fails + 1)
    if now - e.failingSince > 5 * DAY_MS and e.fails >= 10 then disable(e, 'failing')
    elseif v == 'wait' then open(e, now + ms)
    elseif probe or v == 'open' or e.fails >= 5 then
      put(e, 'openings', e.openings + 1)
      local pause = math.min(5000 * 2 ^ (math.min(e.openings, 20) - 1), 900000)
      open(e, now + math.floor(pause * (1 + clock[2] % 1000 / 5000)))
    end
  end
end
local function log(list, line)
  call('LPUSH', list, line)
  call('LTRIM', list, '0', '99')
  call('EXPIRE', list, '604800')
end

for j, t in ipairs(toks) do
  local i = 6 * j - 2
  local o, x, v, vx, line = ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5]
  local id, w, a, n = delivery(t)
  if held[j] == 0 or seen[t] then lost = lost + 1
  elseif not id then  -- an event given back before its fan-out
    seen[t] = true
    taken[#taken + 1] = t
    requeueEvent(event(t))
  else
    local e = endpoint(w)
    local plain = n > 0 and id .. '>' .. w .. '#' .. a or t
    if e.state ~= 'deleted' then
      if v ~= '' then judge(e, plain, v, vx) end
      if line ~= '' then
        log(prefix .. 'attempts:' .. w, line)
        if o ~= 'ok' then log(prefix .. 'failures:' .. w, line) end
      end
    end
    if o ~= 'running' then
      seen[t] = true
      taken[#taken + 1] = t
      ended(e, plain)
      if o == 'retry' or o == 'dead' then add(counts, 'failed', 1) end
      if o == 'ok' then
        add(counts, 'delivered', 1)
        add(openItems, e.ws, -1)
        unref(id, e.ws)
        if a > 0 then call('DEL', prefix .. 'trail:' .. id .. '>' .. w) end
      elseif e.state == 'deleted' then drop(e, id, a)
      elseif o == 'dead' then bury(e, id, a + 1, x, line)
      elseif o == 'retry' and e.state ~= 'disabled' then
        if line ~= '' then
          local k = prefix .. 'trail:' .. id .. '>' .. w
          call('RPUSH', k, line)
          call('LTRIM', k, -8, -1)
          call('EXPIRE', k, 9 * 86400)
        end
        call('ZADD', prefix .. 'retries', now + (tonumber(x) or 30000), id .. '>' .. w .. '#' .. a + 1)
      elseif o == 'retry' then bury(e, id, a + 1, 'disabled', line)
      else requeue(e, id, a, n) end
    end
  end
end
flush()
many('SREM', claimed, taken)
return {version(), lost, turned}
