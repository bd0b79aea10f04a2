-- Stores a test event with one delivery to one webhook, whatever its patterns.
--
-- ARGV  prefix, endpoint limit, workspace, webhook id, event id, body
-- Reply 1; errors MISSING, DISABLED, EXISTS
-- O(1)

local e, id = endpoint(ARGV[4]), ARGV[5]
if e.state == 'deleted' or e.ws ~= ARGV[3] then return redis.error_reply('-MISSING webhook') end
if e.state == 'disabled' then return redis.error_reply('-DISABLED webhook') end
if not call('SET', prefix .. 'event:' .. id, ARGV[6], 'NX') then return redis.error_reply('-EXISTS event') end
requeue(e, id, 0, 0)
add(counts, 'accepted', 1)
add(counts, 'fannedOut', 1)
add(counts, 'planned', 1)
add(openItems, e.ws, 1)
add(heldBytes, e.ws, #ARGV[6])
flush()
return 1
