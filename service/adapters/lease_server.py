"""Leases as keys on a server, and the words about them: what each step does, atomically.

A lease is a key with its holder's token and an end. Each step that compares and acts is a script,
since between two commands the lease may end and become another's; each tells what must be told in
the same step, so no word can come before what it says is true, or be left out behind it. Sent
again after a dropped connection, each does no more than once.
https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast
from urllib.parse import quote, unquote

from redis.asyncio import RedisCluster

from connectors.errors import StoreUnavailableError
from connectors.ports import Caller, Clock
from service.adapters.breaker import Breaker
from service.adapters.redis_attempts import Attempts
from service.adapters.redis_client import Client, open_client
from service.adapters.redis_scripts import Reply, Scripts

CHANNEL = "rg1:leases"
PREFIX = "rg1:lease:"

_CONNECTIONS = 8
# The client's own timers only end what nobody waits for any more.
_CLIENT_TIMEOUTS = 40
# A script stops the whole server while it runs; so many leases take it about half a millisecond.
_KEYS_A_SCRIPT = 500
_MILLISECOND = timedelta(milliseconds=1)

# ARGV: operation, channel, word, and then: to take, the token, its life and how many of the keys are
# leases; to release, a token for each key. Taking gives for each lease 0 when it is taken, else how long it
# lasts, and then how many of the other keys are there. A lease without an end is nobody's: no step here
# makes one.
_SCRIPT = """
local operation, told, left, kept = ARGV[1], {}, {}, 0
local leases = operation == 'take' and tonumber(ARGV[6]) or #KEYS
for i = 1, leases do
  local key = KEYS[i]
  local owner = redis.call('get', key)
  if operation == 'take' then
    local lasts = redis.call('pttl', key)
    if lasts < 0 or owner == ARGV[4] then
      redis.call('set', key, ARGV[4], 'px', ARGV[5])
      left[i] = 0
    else
      left[i] = math.max(1, lasts)
      told[#told + 1] = key
    end
  else
    if owner == ARGV[i + 3] then redis.call('del', key) end
    if not owner or owner == ARGV[i + 3] then told[#told + 1] = key end
  end
end
for i = leases + 1, #KEYS do kept = kept + redis.call('exists', KEYS[i]) end
left[leases + 1] = kept
if #told > 0 then redis.call('publish', ARGV[2], ARGV[3] .. table.concat(told, ' ')) end
return left
"""
# ARGV: life, tokens. A lease that the server has lost is there again, unless it is another's by now.
_RENEW = """
for i, key in ipairs(KEYS) do
  local owner = redis.call('get', key)
  if not owner or owner == ARGV[i + 1] then redis.call('set', key, ARGV[i + 1], 'px', ARGV[1]) end
end
return 0
"""
_FREED = "freed"
_WANTED = "wanted"


@dataclass(frozen=True, slots=True)
class Freed:
    """The word that these were given back."""

    keys: Sequence[str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The word that `caller`, in the process `origin`, waits for these."""

    origin: str
    caller: Caller
    keys: Sequence[str]


class LeaseServer:
    """The leases on the server that a URL names; every method may raise StoreUnavailableError."""

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        life: timedelta,
        timeout: timedelta,
        pause: timedelta,
        breaker: Breaker | None = None,
    ) -> None:
        """Prepare; the first operation connects. ConfigurationError for a URL it cannot take."""
        self._client: Client = open_client(
            url, timeout=timeout * _CLIENT_TIMEOUTS, connections=_CONNECTIONS + 1
        )
        breaker = breaker or Breaker(clock=clock, pause=pause)
        # In their order: what was taken for somebody who has left is given back after it was taken.
        self._scripts = Scripts(url, _SCRIPT, user="leases", clock=clock, timeout=timeout, breaker=breaker)
        self._looks = Attempts(
            "leases", clock=clock, timeout=timeout, pause=pause, at_once=_CONNECTIONS, breaker=breaker
        )
        # What is held must not end while a herd queues to take: a renewal has a turn of its own.
        self._renewals = Attempts(
            "renewals", clock=clock, timeout=timeout, pause=pause, at_once=1, breaker=breaker
        )
        self._life = str(life // _MILLISECOND)
        # On a cluster a script may have no two keys of different slots.
        self._keys_a_script = 1 if isinstance(self._client, RedisCluster) else _KEYS_A_SCRIPT

    async def take(
        self, keys: Sequence[str], *, token: str, origin: str, caller: Caller, kept: Sequence[str]
    ) -> tuple[Mapping[str, timedelta], bool]:
        """Take what nobody holds; give how long each of the others lasts, whose holders are told.

        Gives beside that whether none of the keys `kept` was there, False where nobody has looked. Who
        is cancelled has asked for the leases all the same; `release` comes after.
        """
        word = f"{_WANTED} {origin} {caller.weight!r} {quote(caller.name, safe='')} "
        # On a cluster they are in other slots, and a script that is one of several looks too early.
        looked_for = kept if len(keys) + len(kept) <= self._keys_a_script else ()
        left: list[int] = []
        found = 0
        for some, reply in [
            (
                some,
                self._scripts.run(
                    (*_named(some), *looked_for),
                    ("take", CHANNEL, word, token, self._life, str(len(some))),
                    operation="take",
                ),
            )
            for some in self._apart(keys)
        ]:
            told = cast("list[int] | None", await reply)
            if told is None:
                raise StoreUnavailableError("the leases cannot be asked for")
            left += told[: len(some)]
            found += told[len(some)]
        others = {
            key: milliseconds * _MILLISECOND
            for key, milliseconds in zip(keys, left, strict=True)
            if milliseconds
        }
        return others, bool(looked_for) and not found

    async def renew(self, held: Mapping[str, str]) -> None:
        """Let each lease last its whole life from now, if it still is its token's or nobody's."""

        async def work() -> None:
            pipeline = self._client.pipeline(transaction=False)
            for some in self._apart(list(held)):
                # The text, not its hash: a cluster's pipeline takes none.
                words = (self._life, *(held[key] for key in some))
                pipeline.execute_command("EVAL", _RENEW, len(some), *_named(some), *words)
            await pipeline.execute()

        await self._renewals.run(work)

    def release(self, held: Mapping[str, str]) -> "list[asyncio.Future[Reply | None]]":
        """End each lease that still is its token's, and say so; gives what is done when that is."""
        return [
            self._scripts.run(
                _named(some),
                ("release", CHANNEL, f"{_FREED} ", *(held[key] for key in some)),
                operation="release",
            )
            for some in self._apart(list(held))
        ]

    async def look(self, keys: Sequence[str]) -> Mapping[str, timedelta]:
        """Give how long each lease lasts, of those that anybody holds."""

        async def work() -> list[int]:
            pipeline = self._client.pipeline(transaction=False)
            for key in keys:
                pipeline.pttl(PREFIX + key)
            return cast("list[int]", await pipeline.execute())

        left = await self._looks.run(work)
        return {
            key: milliseconds * _MILLISECOND
            for key, milliseconds in zip(keys, left, strict=True)
            if milliseconds >= 0
        }

    async def close(self) -> None:
        """Say what is left to say, and close every connection."""
        await self._scripts.close()
        await self._client.aclose()

    def _apart(self, keys: Sequence[str]) -> Iterator[Sequence[str]]:
        for start in range(0, len(keys), self._keys_a_script):
            yield keys[start : start + self._keys_a_script]


def parse_word(payload: bytes) -> Freed | Wanted | None:
    """Read a word of the channel; None for one that this version does not know."""
    try:
        match payload.decode().split(" "):
            case [kind, *keys] if kind == _FREED:
                return Freed(_bare(keys))
            case [kind, origin, weight, name, *keys] if kind == _WANTED:
                return Wanted(origin, Caller(unquote(name), float(weight)), _bare(keys))
            case _:
                return None
    except ValueError:
        return None


def _named(keys: Sequence[str]) -> Sequence[str]:
    return [PREFIX + key for key in keys]


def _bare(keys: Sequence[str]) -> Sequence[str]:
    return [key.removeprefix(PREFIX) for key in keys]
