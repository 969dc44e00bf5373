-- What must be one step: a script runs alone. ARGV[1] says which step.
--
--   session:KEY    a hash, one session; gone by itself when it has ended
--   sessions:USER  the keys of a user's sessions, by the time at which they end
--   from:FAMILY    the keys of the sessions that came from a remembered device, by the same
--   family:NAME    a hash, one remembered device
--   families:USER  the names of a user's devices, by the time at which they end
--   used:KEY       until when something that works once stays used
--   tally:KEY      a hash, one count
--   grant:ID       a hash, what a provider granted with a session; goes with it
--
-- Times are microseconds since the Unix epoch, which are exact in the double precision that Lua has. The time is an
-- argument; only how long a key stays is told to Redis, as a span, so that clocks need not agree.

local P = '{portcullis}:'
local FIELDS = {'user', 'began', 'seen', 'idle_end', 'end', 'proved', 'factors', 'family', 'agent', 'network',
  'provider', 'provider_subject', 'provider_session', 'provider_grant'}
local FAMILY, GRANT = 8, 14
local DEVICE = {'user', 'token', 'began', 'seen', 'end', 'agent'}

local function digits(number) return string.format('%.0f', number) end

local function milliseconds(span) return math.max(1, math.ceil(span / 1000)) end

-- What is over for more than this is dropped from an index; not at once, for the clocks of gates differ, and a
-- session that is missing there is missed by a sign-out everywhere.
local KEPT = 3600 * 1000000

-- An index stays as long as the last of what it names.
local function index(name, member, over, now)
  redis.call('ZREMRANGEBYSCORE', name, '-inf', digits(now - KEPT))
  redis.call('ZADD', name, digits(over), member)
  local stays = milliseconds(over - now)
  if redis.call('PTTL', name) < stays then redis.call('PEXPIRE', name, stays) end
end

-- A session's indexes, and what was granted with it, stay as long as it does.
local function index_session(key, user, family, grant, over, now)
  if grant and grant ~= '' then redis.call('PEXPIRE', P .. 'grant:' .. grant, milliseconds(over - now)) end
  if user ~= '' then index(P .. 'sessions:' .. user, key, over, now) end
  if family ~= '' then index(P .. 'from:' .. family, key, over, now) end
end

-- The session's fields stand in ARGV from `first`.
local function write(key, first, now)
  local name, hash, of = P .. 'session:' .. key, {}, {}
  for i, field in ipairs(FIELDS) do
    of[field] = ARGV[first + i - 1]
    hash[2 * i - 1], hash[2 * i] = field, of[field]
  end
  if redis.call('EXISTS', name) == 1 then return redis.error_reply('TAKEN a session has this key') end
  redis.call('HSET', name, unpack(hash))
  local over = math.min(tonumber(of['idle_end']), tonumber(of['end']))
  redis.call('PEXPIRE', name, milliseconds(over - now))
  index_session(key, of['user'], of['family'], of['provider_grant'], over, now)
  return 1
end

-- Nothing comes from a device that is not remembered any more.
local function may_come_from(family)
  return family == '' or redis.call('EXISTS', P .. 'family:' .. family) == 1
end

local function ended(key, now)
  local ends = redis.call('HMGET', P .. 'session:' .. key, 'idle_end', 'end')
  return not ends[1] or tonumber(ends[1]) <= now or tonumber(ends[2]) <= now
end

-- What was granted with it goes, unless it is `kept` for the session that takes its place.
local function drop(key, kept)
  local name = P .. 'session:' .. key
  local of = redis.call('HMGET', name, 'user', 'family', 'provider_grant')
  if not of[1] then return 0 end
  if of[3] and of[3] ~= '' and of[3] ~= kept then redis.call('DEL', P .. 'grant:' .. of[3]) end
  if of[1] ~= '' then redis.call('ZREM', P .. 'sessions:' .. of[1], key) end
  if of[2] ~= '' then redis.call('ZREM', P .. 'from:' .. of[2], key) end
  return redis.call('DEL', name)
end

local function forget(family)
  local name, dropped = P .. 'family:' .. family, {}
  local user = redis.call('HGET', name, 'user')
  if user then redis.call('ZREM', P .. 'families:' .. user, family) end
  redis.call('DEL', name)
  for _, key in ipairs(redis.call('ZRANGE', P .. 'from:' .. family, 0, -1)) do
    if drop(key) == 1 then dropped[#dropped + 1] = key end
  end
  redis.call('DEL', P .. 'from:' .. family)
  return dropped
end

local STEPS = {}

function STEPS.begin(key, now)
  if not may_come_from(ARGV[3 + FAMILY]) then return 0 end
  return write(key, 4, tonumber(now))
end

function STEPS.touch(key, seen, idle_end, network)
  local now = tonumber(seen)
  if ended(key, now) then return 0 end
  local name = P .. 'session:' .. key
  local of = redis.call('HMGET', name, 'user', 'family', 'seen', 'idle_end', 'end', 'provider_grant')
  local last, idle = math.max(tonumber(of[3]), now), math.max(tonumber(of[4]), tonumber(idle_end))
  redis.call('HSET', name, 'seen', digits(last), 'idle_end', digits(idle), 'network', network)
  local over = math.min(idle, tonumber(of[5]))
  redis.call('PEXPIRE', name, milliseconds(over - now))
  index_session(key, of[1], of[2], of[6], over, now)
  return 1
end

function STEPS.rotate(key, now, next)
  if ended(key, tonumber(now)) then return 0 end
  local family, grant = ARGV[4 + FAMILY], ARGV[4 + GRANT]
  if family ~= redis.call('HGET', P .. 'session:' .. key, 'family') and not may_come_from(family) then return 0 end
  drop(key, grant)
  return write(next, 5, tonumber(now))
end

STEPS['end'] = drop

function STEPS.end_external(user, subject, session)
  local dropped = {}
  for _, key in ipairs(redis.call('ZRANGE', P .. 'sessions:' .. user, 0, -1)) do
    local of = redis.call('HMGET', P .. 'session:' .. key, 'provider_subject', 'provider_session')
    if of[1] == subject and (session == '' or of[2] == session) and drop(key) == 1 then
      dropped[#dropped + 1] = key
    end
  end
  return dropped
end

function STEPS.end_all(user, keep)
  local kept, dropped = false, {}
  if keep ~= '' then kept = redis.call('HGET', P .. 'session:' .. keep, 'family') end
  for _, family in ipairs(redis.call('ZRANGE', P .. 'families:' .. user, 0, -1)) do
    if family ~= kept then
      redis.call('DEL', P .. 'family:' .. family)
      redis.call('ZREM', P .. 'families:' .. user, family)
    end
  end
  for _, key in ipairs(redis.call('ZRANGE', P .. 'sessions:' .. user, 0, -1)) do
    if key ~= keep then
      if drop(key) == 1 then dropped[#dropped + 1] = key end
      redis.call('ZREM', P .. 'sessions:' .. user, key)
    end
  end
  return dropped
end

function STEPS.sessions_of(user, now)
  local found = {}
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', P .. 'sessions:' .. user, '(' .. now, '+inf')) do
    local of = redis.call('HMGET', P .. 'session:' .. key, unpack(FIELDS))
    if of[1] then found[#found + 1] = {key, of} end
  end
  return found
end

function STEPS.remember(family, now)
  local name, hash, of = P .. 'family:' .. family, {}, {}
  for i, field in ipairs(DEVICE) do
    of[field] = ARGV[3 + i]
    hash[2 * i - 1], hash[2 * i] = field, of[field]
  end
  if redis.call('EXISTS', name) == 1 then return redis.error_reply('TAKEN a device has this name') end
  redis.call('HSET', name, unpack(hash))
  redis.call('PEXPIRE', name, milliseconds(of['end'] - now))
  index(P .. 'families:' .. of['user'], family, tonumber(of['end']), tonumber(now))
  return 1
end

-- Hashes are compared, and of what nobody can choose: how long it takes tells nothing of a token.
function STEPS.redeem(family, token, next, now, grace)
  local name = P .. 'family:' .. family
  local of = redis.call('HMGET', name, 'user', 'token', 'before', 'seen', 'end')
  if not of[1] or tonumber(of[5]) <= tonumber(now) then return {'unknown', ''} end
  if of[2] == token then
    local seen = digits(math.max(tonumber(of[4]), tonumber(now)))
    redis.call('HSET', name, 'before', token, 'token', next, 'seen', seen)
    return {'fresh', of[1]}
  end
  if of[3] == token and now - of[4] <= tonumber(grace) then return {'concurrent', of[1]} end
  -- Who shows a token of this family that is not in force has an old copy, or is somebody else.
  forget(family)
  return {'reused', of[1]}
end

STEPS.forget = forget

function STEPS.remembered_by(user, now)
  local found = {}
  for _, family in ipairs(redis.call('ZRANGEBYSCORE', P .. 'families:' .. user, '(' .. now, '+inf')) do
    local of = redis.call('HMGET', P .. 'family:' .. family, unpack(DEVICE))
    if of[1] then found[#found + 1] = {family, of} end
  end
  return found
end

function STEPS.first_use(key, till, now)
  local name = P .. 'used:' .. key
  local before = redis.call('GET', name)
  if before and tonumber(before) > tonumber(now) then return 0 end
  redis.call('SET', name, till, 'PX', milliseconds(till - now))
  return 1
end

function STEPS.tally(key, now)
  local of = redis.call('HMGET', P .. 'tally:' .. key, 'count', 'last', 'since', 'till')
  if not of[1] or tonumber(of[4]) <= tonumber(now) then return {} end
  return {of[1], of[2], of[3]}
end

-- `before` and `after` are texts of three numbers, or empty where there is no count.
function STEPS.set_tally(key, before, after, till, now)
  local name = P .. 'tally:' .. key
  if table.concat(STEPS.tally(key, now), ' ') ~= before then return 0 end
  if after == '' then
    redis.call('DEL', name)
    return 1
  end
  local count, last, since = string.match(after, '^(%d+) (%d+) (%d+)$')
  redis.call('HSET', name, 'count', count, 'last', last, 'since', since, 'till', till)
  redis.call('PEXPIRE', name, milliseconds(till - now))
  return 1
end

function STEPS.keep_grant(session, id, content)
  local of, name = P .. 'session:' .. session, P .. 'grant:' .. id
  if redis.call('HGET', of, 'provider_grant') ~= id or redis.call('EXISTS', name) == 1 then return 0 end
  redis.call('HSET', name, 'version', '0', 'content', content)
  redis.call('PEXPIRE', name, redis.call('PTTL', of))
  return 1
end

function STEPS.renew_grant(id, before, content)
  local name = P .. 'grant:' .. id
  if redis.call('HGET', name, 'version') ~= before then return 0 end
  redis.call('HSET', name, 'version', digits(before + 1), 'content', content)
  return 1
end

return STEPS[ARGV[1]](unpack(ARGV, 2))
