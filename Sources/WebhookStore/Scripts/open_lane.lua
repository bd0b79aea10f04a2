-- Registers a new lane.
--
-- ARGV  prefix, endpoint limit, lane, lease in ms, then fields and values about the node
-- Reply {now, version}; error EXISTS
-- O(1)

if call('ZADD', prefix .. 'lanes', 'NX', now + ARGV[4], ARGV[3]) == 0 then return redis.error_reply('-EXISTS lane') end
call('HSET', prefix .. 'lane:' .. ARGV[3], 'started', stamp, unpack(ARGV, 5))
call('EXPIRE', prefix .. 'lane:' .. ARGV[3], 3600)
return {stamp, version()}
