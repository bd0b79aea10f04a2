-- One page of a webhook's dead letters, the oldest first.
--
-- ARGV  prefix, endpoint limit, webhook id, 'after' or 'before', time of death and event id of a letter (which need not
--       be there any more) or '' and '' for the beginning, most letters
-- Reply {number of all, rank of the first, {event id, time of death, letter, beginning of the event's body}, ...}
-- O(letters of the page and of the cursor's millisecond)

local dead, letters = prefix .. 'dead:' .. ARGV[3], prefix .. 'letters:' .. ARGV[3]
local back, at, id, most = ARGV[4] == 'before', ARGV[5], ARGV[6], tonumber(ARGV[7])
local first = 0
if at ~= '' then
  first = call('ZCOUNT', dead, '-inf', '(' .. at)
  for _, other in ipairs(call('ZRANGE', dead, at, at, 'BYSCORE')) do
    if other < id or (other == id and not back) then first = first + 1 end
  end
end
if back then
  local last = first
  first = math.max(0, last - most)
  most = last - first
end
local out = {call('ZCARD', dead), first}
if most > 0 then
  local page = call('ZRANGE', dead, first, first + most - 1, 'WITHSCORES')
  for i = 1, #page, 2 do
    out[#out + 1] = {
      page[i], page[i + 1], call('HGET', letters, page[i]) or '',
      call('GETRANGE', prefix .. 'event:' .. page[i], 0, 191)
    }
  end
end
return out
