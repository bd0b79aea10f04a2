-- Deletes an API key.
--
-- ARGV  prefix, endpoint limit, key id
-- Reply the workspace it belonged to; error MISSING
-- O(1)

local key = prefix .. 'apikey:' .. ARGV[3]
if call('EXISTS', key) == 0 then return redis.error_reply('-MISSING key') end
local ws = call('HGET', key, 'workspace') or ''
call('UNLINK', key)
call('SREM', prefix .. 'apikeys:' .. ws, ARGV[3])
return ws
