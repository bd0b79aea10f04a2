#!lua flags=no-writes
-- Reads how endpoints do. Writes nothing and has no common.lua before it.
--
-- KEYS  any key of the shard
-- ARGV  prefix, then webhooks, at most 100
-- Reply for each: {workspace, state, fails, lastError, failedAt, okAt, inflight, waiting, dead letters, next probe}; what
--       is not there is ''
-- O(webhooks)

local call, prefix = redis.call, ARGV[1]
local out = {}
for i = 2, #ARGV do
  local w = ARGV[i]
  local f = call('HMGET', prefix .. 'endpoint:' .. w,
    'ws', 'state', 'fails', 'lastError', 'failedAt', 'okAt', 'inflight')
  for j = 1, 7 do f[j] = f[j] or '' end
  f[8] = tostring(call('LLEN', prefix .. 'queue:' .. w))
  f[9] = tostring(call('ZCARD', prefix .. 'dead:' .. w))
  f[10] = call('ZSCORE', prefix .. 'timers', w) or ''
  out[#out + 1] = f
end
return out
