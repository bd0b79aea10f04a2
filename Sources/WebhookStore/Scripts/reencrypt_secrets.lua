-- Replaces stored secrets of one workspace by the same secrets under another key, each only where it still stands as it
-- was read: a change of the webhook in between is never overwritten.
--
-- ARGV  prefix, endpoint limit, workspace, then webhook id, field (secret or previousSecret), old text, new text of each
-- Reply how many were replaced
-- O(secrets)

local ws, done = ARGV[3], 0
for i = 4, #ARGV, 4 do
  local id, field = ARGV[i], ARGV[i + 1]
  local hook = prefix .. 'webhook:' .. ws .. ':' .. id
  if call('HGET', hook, field) == ARGV[i + 2] then
    changed(ws, id)  -- a node that could not read it reads it again
    call('HSET', hook, field, ARGV[i + 3])
    done = done + 1
  end
end
return done
