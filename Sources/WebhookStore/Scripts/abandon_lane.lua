-- Marks a lane that its living node gave up: its tokens have met no dead node. It keeps its lease, so that what still
-- runs may finish on it.
--
-- ARGV  prefix, endpoint limit, lane
-- Reply 1, or 0 when it is not registered
-- O(1)

if not call('ZSCORE', prefix .. 'lanes', ARGV[3]) then return 0 end
call('HSET', prefix .. 'lane:' .. ARGV[3], 'abandoned', '1')
call('EXPIRE', prefix .. 'lane:' .. ARGV[3], 3600)
return 1
