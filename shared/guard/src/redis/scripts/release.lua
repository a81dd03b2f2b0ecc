-- KEYS: lock. ARGV: token. Answers 1 if the lock was held with the token and is gone now.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
