-- One page of a workspace's webhooks in the order of their creation.
--
-- ARGV  prefix, endpoint limit, workspace, 'after' or 'before', cursor (a webhook's id) or '' for the beginning,
--       most webhooks, field names. The id of a webhook deleted less than a day ago works as a cursor too.
-- Reply {number of all, rank of the first, {id, value or nil, ...}, ...}; error CURSOR for an unknown one
-- O(webhooks of the page)

local ws, back, cursor, most = ARGV[3], ARGV[4] == 'before', ARGV[5], tonumber(ARGV[6])
local index = prefix .. 'webhooks:' .. ws
local first = 0
if cursor ~= '' then
  local rank = call('ZRANK', index, cursor)
  if rank then first = back and rank or rank + 1
  else
    local at = call('HGET', prefix .. 'deleted:' .. ws .. ':' .. cursor, 'createdAt')
    if not at then return redis.error_reply('-CURSOR unknown') end
    first = call('ZCOUNT', index, '-inf', '(' .. at)
    for _, id in ipairs(call('ZRANGE', index, at, at, 'BYSCORE')) do
      if id < cursor then first = first + 1 end
    end
  end
end
if back then
  local last = first
  first = math.max(0, last - most)
  most = last - first
end
local out = {call('ZCARD', index), first}
if most > 0 then
  for _, id in ipairs(call('ZRANGE', index, first, first + most - 1)) do
    local f = call('HMGET', prefix .. 'webhook:' .. ws .. ':' .. id, unpack(ARGV, 7))
    table.insert(f, 1, id)
    out[#out + 1] = f
  end
end
return out
