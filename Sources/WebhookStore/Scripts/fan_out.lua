-- Writes a delivery for each matching webhook of claimed events: straight to this lane, to the endpoint's queue, or
-- as a dead letter (overflow) when too much waits for the endpoint.
--
-- ARGV  prefix, endpoint limit, lane, free slots, most that may wait for one endpoint, most open items of a workspace,
--       then for each event: token, expected cursor, new cursor, '1' for the last chunk or '0', k, k ids in order
--       At most 64 events and 100 webhooks a call. An endpoint that is not ok may hold a tenth of what its workspace
--       has left.
-- Reply {version, {'OK', 'LOST' (not on this lane) or 'STALE' (another cursor), ...}, {tokens now on this lane}}
-- O(webhooks)

local lane, space, cap, items = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local claimed = prefix .. 'claimed:' .. lane
local at, toks, cursors, i = {}, {}, {}, 7
while ARGV[i] do
  local _, id = event(ARGV[i])
  at[#at + 1] = i
  toks[#toks + 1] = ARGV[i]
  cursors[#cursors + 1] = prefix .. 'fanout:' .. (id or '')
  i = i + 5 + tonumber(ARGV[i + 4])
end
if #at == 0 then return {version(), {}, {}} end
local held, cur = call('SMISMEMBER', claimed, unpack(toks)), call('MGET', unpack(cursors))
local status, straight, done, seen, queued = {}, {}, {}, {}, {}
local function most(e)
  if e.state == 'ok' then return cap end
  return math.min(cap, (items - (tonumber(call('HGET', prefix .. 'backlog', e.ws)) or 0)) / 10)
end
for j, i in ipairs(at) do
  local token, from, last, k = ARGV[i], ARGV[i + 1], ARGV[i + 3] == '1', tonumber(ARGV[i + 4])
  local ws, id = event(token)
  if held[j] == 0 or seen[token] then status[j] = 'LOST'
  elseif (cur[j] or '') ~= from then status[j] = 'STALE'
  else
    status[j] = 'OK'
    seen[token] = true
    local kept = 0  -- deliveries that hold a reference
    for x = i + 5, i + 4 + k do
      local e = endpoint(ARGV[x])
      if e.state ~= 'deleted' then
        kept = kept + 1
        if e.state == 'disabled' then bury(e, id, 0, 'disabled')
        elseif space > 0 and e.state == 'ok' and e.ring == '' and not queued[e] and now - e.fastAt < FAST_MS
          and room(e) > 0 then
          local t = id .. '>' .. e.id .. '#0'  -- ok, with room, in no ring: nothing waits
          straight[#straight + 1] = t
          started(e, t)
          space = space - 1
        elseif call('RPUSH', prefix .. 'queue:' .. e.id, id .. '#0') > most(e) then
          call('RPOP', prefix .. 'queue:' .. e.id)
          bury(e, id, 0, 'overflow')
        else queued[e] = true end
      end
    end
    add(counts, 'planned', k)
    add(openItems, ws, kept)
    if kept < k then add(counts, 'dropped', k - kept) end
    local refs = prefix .. 'refs:' .. id
    if last then
      add(counts, 'fannedOut', 1)
      add(openItems, ws, -1)
      done[#done + 1] = token
      if from == '' then
        if k == 0 then add(counts, 'unmatched', 1) end
        if kept == 0 then unref(id, ws) elseif kept > 1 then call('SET', refs, kept) end
      else
        call('SET', refs, (tonumber(call('GET', refs)) or 1) + kept)
        call('UNLINK', cursors[j])
        unref(id, ws)  -- the fan-out's own reference
      end
    else
      call('SET', refs, (from ~= '' and tonumber(call('GET', refs)) or 1) + kept)
      call('SET', cursors[j], ARGV[i + 2])
    end
  end
end
many('SADD', claimed, straight)
flush()
many('SREM', claimed, done)
return {version(), status, straight}
