-- KEYS: lock. ARGV: token, ttl in ms. Answers 1 if the lock is held with the token and now lasts ttl longer.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
