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
local a = {}
for i, v in ipairs(call('HMGET', hook, unpack(f))) do
  a[2 * i - 1] = f[i]
  a[2 * i] = v or ''
end
call('HSET', cursor, 'id', id, unpack(a))
call('EXPIRE', cursor, 86400)
call('UNLINK', tomb)
call('HSET', tomb, 'ws', ws, 'state', 'deleted')
call('EXPIRE', tomb, 9 * 86400)
calm(id)
call('RPUSH', prefix .. 'purges', ws .. '/' .. id)
call('ZREM', prefix .. 'webhooks:' .. ws, id)
call('UNLINK', hook)
return changed(ws, id)
