#!lua
-- Accepts 1 to 100 events of one workspace: all of them or none.
--
-- KEYS  any key of the shard
-- ARGV  prefix, workspace, most open items of a workspace, most in all, most bytes of a workspace,
--       hash of the request key or '', hash of the request's body, then for each event: id, body, hash of the
--       producer's own id or ''
-- Reply {'OK', id, '0' or '1' (duplicate), ...}; {'REPLAY', the same as text} for a known request key;
--       {'CONFLICT'} for one with another body; {'WORKSPACE'} or {'TOTAL'}: over a limit, nothing stored
-- O(events). The only script that Redis may refuse for memory: before it starts, never in its middle.

local call, prefix, ws = redis.call, ARGV[1], ARGV[2]
local request = ARGV[6] ~= '' and prefix .. 'idempotency:request:' .. ARGV[6]
local stored = request and call('GET', request)
if stored then
  local hash, answer = string.match(stored, '^(%S*) (.*)$')
  if hash == ARGV[7] then return {'REPLAY', answer} end
  return {'CONFLICT'}
end
local keys, known = {}, {}
for i = 10, #ARGV, 3 do
  if ARGV[i] ~= '' then keys[#keys + 1] = prefix .. 'idempotency:event:' .. ARGV[i] end
end
if #keys > 0 then
  for i, id in ipairs(call('MGET', unpack(keys))) do known[keys[i]] = id or nil end
end
local reply, new, bytes = {'OK'}, {}, 0
for i = 8, #ARGV, 3 do
  local id, k = ARGV[i], ARGV[i + 2] ~= '' and prefix .. 'idempotency:event:' .. ARGV[i + 2]
  local first = k and known[k]
  reply[#reply + 1] = first or id
  reply[#reply + 1] = (first and first ~= id) and '1' or '0'
  if not first then
    new[#new + 1] = i
    bytes = bytes + #ARGV[i + 1]
    if k then known[k] = id end
  end
end
if #new > 0 then
  local backlog, held = prefix .. 'backlog', prefix .. 'held'
  local b = call('HMGET', backlog, ws, '*')
  local mine, free = (tonumber(b[1]) or 0) + #new, ARGV[4] - (tonumber(b[2]) or 0)
  if #new > free then return {'TOTAL'} end
  if mine > math.min(ARGV[3], free / 2) then return {'WORKSPACE'} end
  if (tonumber(call('HGET', held, ws)) or 0) + bytes > tonumber(ARGV[5]) then return {'WORKSPACE'} end
  local ids = {}
  for _, i in ipairs(new) do  -- NX: a call sent twice without hashes adds nothing
    if call('SET', prefix .. 'event:' .. ARGV[i], ARGV[i + 1], 'NX') then ids[#ids + 1] = ARGV[i]
    else bytes = bytes - #ARGV[i + 1] end
    if ARGV[i + 2] ~= '' then call('SET', prefix .. 'idempotency:event:' .. ARGV[i + 2], ARGV[i], 'EX', '86400') end
  end
  local n = tostring(#ids)
  if #ids > 0 then
    if call('RPUSH', prefix .. 'events:' .. ws, unpack(ids)) == #ids and call('RPUSH', prefix .. 'eventring', ws) == 1
      and call('LLEN', prefix .. 'wake') < 4 then
      call('RPUSH', prefix .. 'wake', '1')
    end
    bytes = tostring(bytes)
    call('HINCRBY', backlog, ws, n)
    call('HINCRBY', backlog, '*', n)
    call('HINCRBY', held, ws, bytes)
    call('HINCRBY', prefix .. 'totals', 'accepted', n)
  end
end
if request then call('SET', request, ARGV[7] .. ' ' .. table.concat(reply, ' ', 2), 'EX', '86400') end
return reply
