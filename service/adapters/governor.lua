-- One lane's book in the store, by the rules of connectors/runtime/governing: what is changed in
-- one is changed in the other, and a test runs both through the same steps.
--
-- KEYS, all of one slot: 1 state  2 log (ticket by time)  3 line (number and ticket by tag)
--   4 tickets in line  5 under way (ticket to process)  6 processes by their end
--   7 last tag of each caller  8 processes by when they were last seen
--   9 under way (ticket to caller)  10 callers by when they last had a turn
-- ARGV: 1 now, or '' for the server's  2 operation  3 requests per minute, or -1  4 concurrency
--   5 process  6 channel  7 when the caller believes the lane began, or ''  8 the operation's own, as JSON
-- Gives an array: 1 'ok', 'refused' or 'forgotten'  2 the wait refused for  3 seconds until a look
--   may help, or ''  4 tickets of this process granted  5 calls left, or -1  6 places  7 under way
--   8 waiting  9 seconds of rest  10 processes of the last minute  11 when the lane began
--   12 tickets of this process that are not known  13 the caller who may hand its places on, or ''
local SPAN, LIFE, LONGEST_REST, PERIOD_SLACK = 60.5, 2.0, 3600.0, 2.0
local REFUSED, SLOWER, NOW_SHARE, LONG_SHARE = 0.7, 0.9, 0.2, 0.02
local TIMES_SLOWER, SECONDS_SLOWER = 2.0, 0.1
local COMPANY, FRONT, PLACES_FOR_ROOM = 1.0, 8, 4
-- A lane that began anew rests so long, for everybody to say what they have sent.
local HUSH = 0.2
-- Nothing here matters after the longest rest.
local KEPT_MILLISECONDS = 3700000

local STATE, LOG, LINE, TICKETS, PLACES, ALIVE, LAST, SEEN, HELD, ABOUT = unpack(KEYS)
local now, operation = tonumber(ARGV[1]), ARGV[2]
local capacity, most, process, channel, began = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], ARGV[6], ARGV[7]
local own = cjson.decode(ARGV[8])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end

-- A ticket begins with its process's name: line and log may be long, and little of them is looked up.
local function is_mine(ticket) return string.sub(ticket, 1, #process + 1) == process .. ':' end
local function exact(number) return string.format('%.17g', number) end

local state, changed = {}, {}
local stored = redis.call('HGETALL', STATE)
for i = 1, #stored, 2 do state[stored[i]] = tonumber(stored[i + 1]) end
local function put(field, value)
  state[field] = value
  changed[field] = true
end
local function value(field) return state[field] or 0 end
-- The server's clock may be set back; a lane's time never runs backwards.
now = now + value('ahead')
if now < value('latest') then
  put('ahead', value('ahead') + state.latest - now)
  now = state.latest
end
put('latest', now)
-- Whoever knows an earlier beginning has calls to tell of: said once, as telling is dear.
if not state.began then
  put('began', now)
  put('limit', most)
  redis.call('PUBLISH', channel, '* ' .. STATE .. ' ' .. exact(now))
end
local function places() return math.max(1, math.min(most, math.floor(value('limit')))) end
local function most_of_one() return places() - math.floor(places() / PLACES_FOR_ROOM) end
local function under_way() return redis.call('HLEN', PLACES) end
local function in_use()
  local away = under_way()
  if away < most_of_one() or away >= places() or redis.call('ZCARD', LINE) == 0 then return away end
  return places()
end
local function put_under_way(ticket, owner, caller)
  redis.call('HSET', PLACES, ticket, owner)
  redis.call('HSET', HELD, ticket, caller)
  redis.call('ZADD', ABOUT, exact(now), caller)
end
local function take_from_under_way(ticket)
  redis.call('HDEL', HELD, ticket)
  return redis.call('HDEL', PLACES, ticket) == 1
end

local function forget()
  redis.call('ZREMRANGEBYSCORE', ABOUT, '-inf', exact(now - COMPANY))
  while capacity >= 0 do
    local first = redis.call('ZRANGE', LOG, 0, 0, 'WITHSCORES')
    if not first[1] or tonumber(first[2]) + SPAN > now then return end
    redis.call('ZREM', LOG, first[1])
  end
end

-- The line. A server short of memory may drop any key: a half of it is nothing, and who waits says so.
if redis.call('ZCARD', LINE) ~= redis.call('HLEN', TICKETS) then redis.call('DEL', LINE, TICKETS, LAST) end
-- So may an earlier release of this script have ended a call of a later one.
if redis.call('HLEN', HELD) > redis.call('HLEN', PLACES) then redis.call('DEL', HELD) end
local function last(caller) return math.max(value('virtual'), tonumber(redis.call('HGET', LAST, caller) or 0)) end
local function lowest(callers)
  local tag, found
  for _, caller in ipairs(callers) do
    local this = last(caller[1]) + 1.0 / caller[2]
    if not tag or this < tag then tag, found = this, caller end
  end
  return tag, found
end
local function insert(ticket, number, owner, caller, tag)
  local member = string.format('%015d', number) .. ' ' .. ticket
  redis.call('ZADD', LINE, exact(tag), member)
  redis.call('HSET', TICKETS, ticket, cjson.encode({member, owner, caller[1], exact(caller[2]), number}))
  redis.call('HSET', LAST, caller[1], exact(tag))
end
local function take_out(ticket, entry)
  redis.call('ZREM', LINE, entry[1])
  redis.call('HDEL', TICKETS, ticket)
end
local function refund(entry)
  local tag = tonumber(redis.call('HGET', LAST, entry[3]) or 0) - 1.0 / tonumber(entry[4])
  redis.call('HSET', LAST, entry[3], exact(math.max(value('virtual'), tag)))
end
local function forget_callers()
  if redis.call('HLEN', TICKETS) == 0 then redis.call('DEL', LAST) end
end
local function waiting(ticket)
  local entry = redis.call('HGET', TICKETS, ticket)
  return entry and cjson.decode(entry)
end
local function leave_line(ticket)
  local entry = waiting(ticket)
  if entry then
    take_out(ticket, entry)
    refund(entry)
    forget_callers()
  end
end
local function promote(ticket, caller)
  local entry = waiting(ticket)
  if not entry or entry[3] == caller[1] then return end
  local tag = lowest({caller})
  if tag >= tonumber(redis.call('ZSCORE', LINE, entry[1])) then return end
  take_out(ticket, entry)
  refund(entry)
  insert(ticket, entry[5], entry[2], caller, tag)
end

local function foresee(callers)
  local at = math.max(now, value('rest_until'))
  if value('remaining') <= 0 then at = math.max(at, value('remaining_until')) end
  if capacity < 0 then return at end
  local gone = redis.call('ZCARD', LOG)
  local before = redis.call('ZCOUNT', LINE, '-inf', exact(lowest(callers)))
  local ahead = before - math.max(0, capacity - gone)
  if ahead < 0 then return at end
  local spans = math.floor(ahead / capacity)
  ahead = ahead % capacity + math.max(0, gone - capacity)
  local freed = now
  if ahead < gone then freed = tonumber(redis.call('ZRANGE', LOG, ahead, ahead, 'WITHSCORES')[2]) end
  return math.max(at, freed + SPAN * (spans + 1))
end

-- What a call has told.
local function step_down(share)
  local pause = math.max(1.0, value('now_takes'))
  if not state.stepped_down or now - state.stepped_down >= pause then
    put('limit', math.max(1.0, state.limit * share))
    put('stepped_down', now)
  end
end
local function slow(seconds) return seconds > TIMES_SLOWER * value('usually_takes') + SECONDS_SLOWER end
local function learn(signal, held, away)
  if held then
    local room = places()
    put('limit', math.max(1.0, math.min(most, state.limit)))
    if signal.unanswered and state.now_takes and not slow(signal.took) then
      -- Who gives up sooner than replies usually come has learnt nothing.
    elseif signal.overloaded or signal.unanswered then
      step_down(REFUSED)
    else
      if not state.now_takes then
        put('now_takes', signal.took)
        put('usually_takes', signal.took)
      else
        put('now_takes', state.now_takes + NOW_SHARE * (signal.took - state.now_takes))
        put('usually_takes', state.usually_takes + LONG_SHARE * (signal.took - state.usually_takes))
      end
      if slow(state.now_takes) then
        if 2 * away >= room then step_down(SLOWER) end
      elseif away >= room then
        put('limit', math.min(most, state.limit + 1.0 / state.limit))
      end
    end
  end
  if signal.rest then
    put('rest_until', math.max(value('rest_until'), now + math.min(LONGEST_REST, signal.rest)))
  end
  if signal.remaining then
    local till = now + math.min(LONGEST_REST, signal.reset or SPAN)
    if now >= value('remaining_until') or till > value('remaining_until') + PERIOD_SLACK then
      put('remaining', signal.remaining)
      put('remaining_until', till)
    else
      put('remaining', math.min(state.remaining, signal.remaining))
    end
  end
end

-- The dead, and whose turn it is.
local function bury()
  local dead, any = {}, false
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', ALIVE, '-inf', exact(now))) do
    dead[name], any = true, true
    redis.call('ZREM', ALIVE, name)
  end
  if not any then return end
  for _, member in ipairs(redis.call('ZRANGE', LINE, 0, -1)) do
    local ticket = string.sub(member, 17)
    if dead[waiting(ticket)[2]] then leave_line(ticket) end
  end
  local held = redis.call('HGETALL', PLACES)
  for i = 1, #held, 2 do
    if dead[held[i + 1]] then take_from_under_way(held[i]) end
  end
end
local function blocked()
  if now < value('rest_until') then return true, state.rest_until end
  local away = under_way()
  if away >= places() then return true end
  if now < value('remaining_until') and away >= state.remaining then return true, state.remaining_until end
  if capacity < 0 then return false end
  local gone = redis.call('ZCARD', LOG)
  if gone < capacity then return false end
  local oldest = redis.call('ZRANGE', LOG, gone - capacity, gone - capacity, 'WITHSCORES')[2]
  return true, tonumber(oldest) + SPAN
end
-- The first in line who may go; none while everybody there leaves room to others.
local function following()
  local most = most_of_one()
  -- Whoever waits has a last tag: where that is one caller, nobody else need be looked for in line.
  local crowded = under_way() >= most
  local looked_at = crowded and redis.call('HLEN', LAST) ~= 1 and FRONT or 1
  local front = redis.call('ZRANGE', LINE, 0, looked_at - 1, 'WITHSCORES')
  if not crowded then return string.sub(front[1], 17), tonumber(front[2]) end
  local about, away, callers = {}, {}, {}
  for _, caller in ipairs(redis.call('ZRANGE', ABOUT, 0, 1)) do about[caller] = true end
  for _, caller in ipairs(redis.call('HVALS', HELD)) do
    about[caller] = true
    away[caller] = (away[caller] or 0) + 1
  end
  for i = 1, #front, 2 do
    callers[i] = waiting(string.sub(front[i], 17))[3]
    about[callers[i]] = true
  end
  local alone = next(about, (next(about))) == nil
  for i = 1, #front, 2 do
    if alone or (away[callers[i]] or 0) < most then return string.sub(front[i], 17), tonumber(front[i + 1]) end
  end
end
local function grant(ticket, tag)
  local entry = waiting(ticket)
  put('virtual', math.max(value('virtual'), tag))
  take_out(ticket, entry)
  forget_callers()
  put_under_way(ticket, entry[2], entry[3])
  if capacity >= 0 then redis.call('ZADD', LOG, exact(now), ticket) end
  return entry
end
-- The only caller about, where nothing but the places bounds how many calls leave and this process is next.
local function sole()
  local first = redis.call('ZRANGE', LINE, 0, 0)[1]
  if first and not is_mine(string.sub(first, 17)) then return '' end
  if capacity >= 0 or now < math.max(value('rest_until'), value('remaining_until')) then return '' end
  local held = redis.call('HVALS', HELD)
  -- Whose calls are not known may be anybody's.
  if #held ~= under_way() or #held > places() then return '' end
  local found
  for _, callers in ipairs({held, redis.call('HKEYS', LAST), redis.call('ZRANGE', ABOUT, 0, 1)}) do
    for _, caller in ipairs(callers) do
      if found and caller ~= found then return '' end
      found = caller
    end
  end
  return found or ''
end
local function pump()
  bury()
  forget()
  local mine, theirs = {}, {}
  local again
  while true do
    if redis.call('ZCARD', LINE) == 0 then break end
    local stop, till = blocked()
    if stop then
      again = till
      break
    end
    local ticket, tag = following()
    -- They have calls under way, and the end of one lets somebody go.
    if not ticket then break end
    local entry = grant(ticket, tag)
    if entry[2] == process then
      mine[#mine + 1] = ticket
    else
      theirs[entry[2]] = (theirs[entry[2]] or '') .. ' ' .. ticket
    end
  end
  for name, tickets in pairs(theirs) do redis.call('PUBLISH', channel, name .. tickets) end
  return mine, again
end

local status, wait, unknown = 'ok', '', {}
local mine, again = {}, nil
if process ~= '' then
  bury()
  redis.call('ZADD', ALIVE, exact(now + LIFE), process)
  redis.call('ZADD', SEEN, exact(now), process)
  redis.call('ZREMRANGEBYSCORE', SEEN, '-inf', exact(now - SPAN))
end
local another = began ~= '' and tonumber(began) ~= state.began
if another and not own.recent then
  -- Nothing is done before its caller has said what it has sent.
  status = 'forgotten'
elseif operation == 'enter' then
  forget()
  local known = redis.call('HEXISTS', TICKETS, own.ticket) == 1 or redis.call('HEXISTS', PLACES, own.ticket) == 1
  local at = foresee(own.callers) - now
  if known then
    if redis.call('HEXISTS', PLACES, own.ticket) == 1 then mine[1] = own.ticket end
  elseif at > math.max(0.0, own.patience) then
    status, wait = 'refused', exact(at)
  else
    local tag, caller = lowest(own.callers)
    put('number', value('number') + 1)
    insert(own.ticket, state.number, process, caller, tag)
  end
elseif operation == 'promote' then
  promote(own.ticket, own.caller)
elseif operation == 'leave' then
  leave_line(own.ticket)
  local away = in_use()
  local caller = redis.call('HGET', HELD, own.ticket)
  local held = take_from_under_way(own.ticket)
  if held and caller then redis.call('ZADD', ABOUT, exact(now), caller) end
  if own.gave_back then redis.call('ZREM', LOG, own.ticket) end
  if own.signal then learn(own.signal, held, away) end
  if held and not own.gave_back and not (own.signal and own.signal.remaining) then
    put('remaining', value('remaining') - 1)
  end
  -- The sole caller's next call has gone already. A ticket that is not in line is told of by the next renewal.
  local entry = own.heir and waiting(own.heir)
  if entry then grant(own.heir, tonumber(redis.call('ZSCORE', LINE, entry[1]))) end
elseif operation == 'renew' then
  -- What a process says it has is all that it has.
  local rest = math.max(another and HUSH or 0, math.min(LONGEST_REST, own.rest or 0))
  if rest > 0 then put('rest_until', math.max(value('rest_until'), now + rest)) end
  local has = {}
  for _, ticket in ipairs(own.under_way) do
    has[ticket] = true
    redis.call('HSET', PLACES, ticket, process)
  end
  for _, ticket in ipairs(own.waiting) do
    has[ticket] = true
    if redis.call('HEXISTS', PLACES, ticket) == 1 then
      mine[#mine + 1] = ticket
    elseif redis.call('HEXISTS', TICKETS, ticket) == 0 then
      unknown[#unknown + 1] = ticket
    end
  end
  local held = redis.call('HGETALL', PLACES)
  for i = 1, #held, 2 do
    if held[i + 1] == process and not has[held[i]] then take_from_under_way(held[i]) end
  end
  for _, member in ipairs(redis.call('ZRANGE', LINE, 0, -1)) do
    local ticket = string.sub(member, 17)
    if not has[ticket] and is_mine(ticket) then leave_line(ticket) end
  end
  if capacity >= 0 and own.recent then
    for _, call in ipairs(own.recent) do has[call[1]] = true end
    -- What was granted while the store did not reply went by another word, or not at all.
    for _, ticket in ipairs(redis.call('ZRANGE', LOG, 0, -1)) do
      if not has[ticket] and is_mine(ticket) then redis.call('ZREM', LOG, ticket) end
    end
    for _, call in ipairs(own.recent) do
      if call[2] < SPAN then redis.call('ZADD', LOG, 'NX', exact(now - call[2]), call[1]) end
    end
  end
end
if status ~= 'forgotten' then
  local granted
  granted, again = pump()
  for _, ticket in ipairs(granted) do mine[#mine + 1] = ticket end
end

local written = {}
for field in pairs(changed) do
  written[#written + 1] = field
  written[#written + 1] = exact(state[field])
end
if #written > 0 then redis.call('HSET', STATE, unpack(written)) end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, KEPT_MILLISECONDS) end

local left = -1
if capacity >= 0 then left = math.max(0, capacity - redis.call('ZCARD', LOG)) end
if now < value('remaining_until') then
  local told = math.max(0, state.remaining - under_way())
  if left < 0 then left = told else left = math.min(left, told) end
end
return {
  status, wait, again and exact(again - now) or '', mine, left, places(), under_way(),
  redis.call('HLEN', TICKETS), exact(math.max(0, value('rest_until') - now)),
  redis.call('ZCARD', SEEN), exact(state.began), unknown, sole(),
}
