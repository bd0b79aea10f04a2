-- Creates or changes a webhook, its endpoint and its place in the indexes, in one configuration version.
--
-- ARGV  prefix, endpoint limit, workspace, webhook id, 'new' or 'edit', most webhooks of a workspace, then fields and
--       values. '-name' clears the field. '>secret' moves the secret to previousSecret, its value says for how many
--       ms; it stands before the new secret. A change of targetUrl or isEnabled forgets the endpoint's failures.
-- Reply the configuration version; errors EXISTS, MISSING, LIMIT
-- O(fields)

local ws, id, new = ARGV[3], ARGV[4], ARGV[5] == 'new'
local hook = prefix .. 'webhook:' .. ws .. ':' .. id
local is = call('EXISTS', hook) == 1
if new and is then return redis.error_reply('-EXISTS webhook') end
if not new and not is then return redis.error_reply('-MISSING webhook') end
if new and call('ZCARD', prefix .. 'webhooks:' .. ws) >= tonumber(ARGV[6]) then
  return redis.error_reply('-LIMIT webhooks')
end
local reset, set, clear = new, {}, {}
for i = 7, #ARGV, 2 do
  local name, value = ARGV[i], ARGV[i + 1] or ''
  if name == 'targetUrl' or name == 'isEnabled' then reset = true end
  if name == '>secret' then
    local old = call('HGET', hook, 'secret')
    if old and tonumber(value) > 0 then
      set[#set + 1] = 'previousSecret'
      set[#set + 1] = old
      set[#set + 1] = 'previousSecretUntil'
      set[#set + 1] = string.format('%.0f', now + tonumber(value))
    else
      clear[#clear + 1] = 'previousSecret'
      clear[#clear + 1] = 'previousSecretUntil'
    end
  elseif string.sub(name, 1, 1) == '-' then clear[#clear + 1] = string.sub(name, 2)
  else
    set[#set + 1] = name
    set[#set + 1] = value
  end
end
local v = changed(ws, id)
call('HSET', hook, 'version', v, 'updatedAt', stamp, unpack(set))
if #clear > 0 then call('HDEL', hook, unpack(clear)) end
if new then
  call('HSET', hook, 'createdAt', stamp)
  call('ZADD', prefix .. 'webhooks:' .. ws, stamp, id)
end
local e = endpoint(id)
if reset or e.state == 'deleted' then
  local on = call('HGET', hook, 'isEnabled') ~= 'false'
  if e.state == 'deleted' then put(e, 'ws', ws) end
  if not new then
    put(e, 'since', now, stamp)
    put(e, 'probe', '')
    put(e, 'ramp')
    put(e, 'failingSince')
    put(e, 'fails', 0)
    put(e, 'openings', 0)
    put(e, 'fastAt', 0)
  end
  put(e, 'state', on and 'ok' or 'disabled')
  e.full = true
  calm(id)
  if on then call('HDEL', hook, 'disabledReason') else call('RPUSH', prefix .. 'purges', ws .. '/' .. id) end
end
flush()
return v
