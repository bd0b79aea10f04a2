-- Webhooks of one workspace in the order of their last change.
--
-- ARGV  prefix, endpoint limit, workspace, version after which to begin, field names
-- Reply {version, 1 when there is more, {id, version of its last change, value or nil, ...}, ...}: at most 500; all
--       values nil means deleted
-- O(webhooks)

local edits = prefix .. 'edits:' .. ARGV[3]
local ids = call('ZRANGE', edits, '(' .. ARGV[4], '+inf', 'BYSCORE', 'LIMIT', 0, 500, 'WITHSCORES')
local out = {version(), #ids == 1000 and 1 or 0}
for i = 1, #ids, 2 do
  local name = ARGV[3] .. ':' .. ids[i]
  local f = call('HMGET', prefix .. 'webhook:' .. name, unpack(ARGV, 5))
  if not f[1] and call('EXISTS', prefix .. 'webhook:' .. name, prefix .. 'deleted:' .. name) == 0 then
    call('ZREM', edits, ids[i])  -- deleted more than a day ago
  end
  table.insert(f, 1, ids[i + 1])
  table.insert(f, 1, ids[i])
  out[#out + 1] = f
end
return out
