-- Takes one call in every scope, or in none. The arithmetic is that of gcra.rs; all numbers are whole microseconds < 2^53.
-- KEYS: for each scope its cool-down and what it owes. ARGV: now, then for each scope cost and slack (cost -1: no rate),
-- and last the ms to keep a key beyond its time.
-- Answers {} for go, else {until, index of the scope from 1} and, for a cool-down, its reason.
local now = tonumber(ARGV[1])
local keep = tonumber(ARGV[#ARGV])
local worst, where, why
local taken = {}

local function wait(till, scope, reason)
  if not worst or till > worst then worst, where, why = till, scope, reason end
end

for scope = 1, #KEYS / 2 do
  local cooling = redis.call('GET', KEYS[2 * scope - 1])
  if cooling then
    local till, reason = string.match(cooling, '^(%d+):(.*)$')
    till = tonumber(till)
    if till > now then wait(till, scope, reason) end
  end
  local cost, slack = tonumber(ARGV[2 * scope]), tonumber(ARGV[2 * scope + 1])
  if cost >= 0 then
    local owed = tonumber(redis.call('GET', KEYS[2 * scope]) or '0')
    if owed - now > slack then
      wait(owed - slack, scope)
    else
      taken[#taken + 1] = { KEYS[2 * scope], math.max(owed, now) + cost }
    end
  end
end

-- A nil reason ends the answer early, which is what tells a rate from a cool-down.
if worst then return { string.format('%.0f', worst), tostring(where), why } end
for _, take in ipairs(taken) do
  local key, owed = take[1], take[2]
  redis.call('SET', key, string.format('%.0f', owed), 'PX', string.format('%.0f', math.ceil((owed - now) / 1000) + keep))
end
return {}
