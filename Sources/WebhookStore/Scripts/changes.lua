-- Which workspaces changed after a configuration version.
--
-- ARGV  prefix, endpoint limit, version
-- Reply {version, version that this list reaches, workspace, ...}: at most 1,000, ask again while the two differ
-- O(workspaces)

local c = call('ZRANGE', prefix .. 'changed', '(' .. ARGV[3], '+inf', 'BYSCORE', 'LIMIT', 0, 1000, 'WITHSCORES')
local v = version()
local out = {v, #c == 2000 and c[2000] or v}
for i = 1, #c, 2 do out[#out + 1] = c[i] end
return out
