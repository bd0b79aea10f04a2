-- Deletes a webhook. What waits for it is cleared by `tick`, in bounded steps.
--
-- ARGV  prefix, endpoint limit, workspace, webhook id
-- Reply the configuration version; error MISSING
-- O(1)

local ws, id = ARGV[3], ARGV[4]
local hook, cursor = prefix .. 'webhook:' .. ws .. ':' .. id, prefix .. 'deleted:' .. ws .. ':' .. id
local tomb = prefix .. 'endpoint:' .. id
if call('EXISTS', hook) == 0 then return redis.error_reply('-MISSING webhook') end
local f = {'targetUrl', 'description', 'isEnabled', 'createdAt', 'updatedAt'}
local a = {'id', id}
for i, v in ipairs(call('HMGET', hook, unpack(f))) do
  if v then  -- a description that is not there stays not there: an order may put it first or last
    a[#a + 1] = f[i]
    a[#a + 1] = v
  end
end
call('HSET', cursor, unpack(a))
call('EXPIRE', cursor, 86400)
call('UNLINK', tomb)
call('HSET', tomb, 'ws', ws, 'state', 'deleted')
call('EXPIRE', tomb, 9 * 86400)
calm(id)
call('RPUSH', prefix .. 'purges', ws .. '/' .. id)
call('ZREM', prefix .. 'webhooks:' .. ws, id)
call('UNLINK', hook)
return changed(ws, id)
