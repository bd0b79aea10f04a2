-- Puts dead letters back to the head of their queue with all attempts before them, the oldest first.
--
-- ARGV  prefix, endpoint limit, workspace, webhook id, times of death since and until (a sorted set's bounds), most,
--       '1' to move nothing, then event ids (instead of the times)
-- Reply {put back, matching still}; errors MISSING, DISABLED
-- O(n), at most 100 a call

local e, dead, letters = endpoint(ARGV[4]), prefix .. 'dead:' .. ARGV[4], prefix .. 'letters:' .. ARGV[4]
if e.state == 'deleted' or e.ws ~= ARGV[3] then return redis.error_reply('-MISSING webhook') end
if e.state == 'disabled' then return redis.error_reply('-DISABLED webhook') end
local most = math.min(tonumber(ARGV[7]), 100)
local ids = ARGV[9] and {unpack(ARGV, 9)} or call('ZRANGE', dead, ARGV[5], ARGV[6], 'BYSCORE', 'LIMIT', 0, most)
local back = {}
if #ids > 0 then
  local seen = {}  -- an id given twice is one dead letter
  for i, text in ipairs(call('HMGET', letters, unpack(ids))) do
    if text and not seen[ids[i]] and not string.find(text, '^#%d+ expired ') then
      back[#back + 1] = ids[i]
      seen[ids[i]] = true
    end
  end
end
if ARGV[8] == '1' then return {0, ARGV[9] and #back or call('ZCOUNT', dead, ARGV[5], ARGV[6])} end
for i = #back, 1, -1 do
  requeue(e, back[i], 0, 0)
  add(counts, 'replayed', 1)
  add(openItems, e.ws, 1)
end
many('ZREM', dead, back)
many('HDEL', letters, back)
local head = call('ZRANGE', dead, 0, 0, 'WITHSCORES')[2]
if head then call('ZADD', prefix .. 'deads', head, e.id) else call('ZREM', prefix .. 'deads', e.id) end
flush()
return {#back, ARGV[9] and 0 or call('ZCOUNT', dead, ARGV[5], ARGV[6])}
