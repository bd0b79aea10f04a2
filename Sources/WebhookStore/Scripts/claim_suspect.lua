-- Moves one token that met two dead nodes onto a lane, to be tried alone.
--
-- ARGV  prefix, endpoint limit, lane
-- Reply {version}, {version, event token, body, cursor} or {version, delivery token, body, class, workspace};
--       error FENCED
-- O(1)

local lane = ARGV[3]
if fenced(lane) then return redis.error_reply('-FENCED lane') end
local s, out = prefix .. 'suspects', {version()}
for _ = 1, 8 do
  local t = call('LMOVE', s, s, 'LEFT', 'RIGHT')
  if not t then break end
  local id, w, a = delivery(t)
  local ws
  if not id then ws, id = event(t) end
  local body, free = call('GET', prefix .. 'event:' .. id), true
  if w then
    local e = endpoint(w)
    if not body then bury(e, id, a, 'expired')
    elseif e.state == 'deleted' or e.state == 'disabled' then requeue(e, id, a, 0)
    elseif room(e) > 0 then
      call('SADD', prefix .. 'claimed:' .. lane, t)
      started(e, string.match(t, '^[^.]+'))
      out = {out[1], t, body, class(e), e.ws}
    else free = false end
  elseif body then
    call('SADD', prefix .. 'claimed:' .. lane, t)
    out = {out[1], t, body, call('GET', prefix .. 'fanout:' .. id) or ''}
  else poison(ws, id) end
  if free then call('RPOP', s) end
  if out[2] then break end
end
flush()
return out
