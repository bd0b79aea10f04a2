-- Removes an empty lane at shutdown.
--
-- ARGV  prefix, endpoint limit, lane
-- Reply 1, or 0 when something is still on it (then the reaper takes it)
-- O(1)

if call('EXISTS', prefix .. 'claimed:' .. ARGV[3]) == 1 then return 0 end
call('ZREM', prefix .. 'lanes', ARGV[3])
call('DEL', prefix .. 'lane:' .. ARGV[3])
return 1
