-- Decides a lock whose SET NX gave no clear yes: ours (again) if nobody or our own token has it, else how long it is held.
-- KEYS: lock. ARGV: token, ttl in ms. Answers -1 for taken, else the holder's remaining ms (-2: no expiry).
local holder = redis.call('GET', KEYS[1])
if not holder or holder == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return -1
end
local left = redis.call('PTTL', KEYS[1])
if left < 0 then return -2 end
return left
