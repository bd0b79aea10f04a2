-- Stores an API key, and its workspace where that is new.
--
-- ARGV  prefix, endpoint limit, workspace, key id, then fields and values of the key
-- Reply 1; error EXISTS
-- O(fields)

local ws, id = ARGV[3], ARGV[4]
local key, workspace = prefix .. 'apikey:' .. id, prefix .. 'workspace:' .. ws
if call('EXISTS', key) == 1 then return redis.error_reply('-EXISTS key') end
if call('EXISTS', workspace) == 0 then call('HSET', workspace, 'name', ws, 'createdAt', stamp) end
call('HSET', key, 'workspace', ws, 'createdAt', stamp, unpack(ARGV, 5))
call('SADD', prefix .. 'apikeys:' .. ws, id)
return 1
