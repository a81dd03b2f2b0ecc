-- KEYS: cool-down. ARGV: until in microseconds, reason, ms to keep the key. A later cool-down in force stays as it is.
local held = redis.call('GET', KEYS[1])
if held and tonumber(string.match(held, '^%d+')) >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ':' .. ARGV[2], 'PX', ARGV[3])
return 1
