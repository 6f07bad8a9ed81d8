"""The callers' limits on Redis or Valkey: all processes on one store count together.

A bucket of a minute's requests that fills evenly, kept as the one moment when it will be full again
(GCRA): after a pause a caller may ask a minute's worth at once, over any longer time its limit holds.
https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
While the store is down each process counts for itself: an answer never fails because nobody can count.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import cast

from connectors.ports import Clock
from service.adapters.breaker import Breaker
from service.adapters.redis_scripts import Scripts

PREFIX = "rg1:limit:"

_WINDOW = 60.0
# KEYS: the caller's. ARGV: seconds a request takes to fill again, seconds in a bucket. Gives how many seconds
# are left to wait, as text. A moment is told with all its digits: tostring would cut it to 14.
_SCRIPT = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local cost, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + cost
local wait = full - now - window
if wait > 0.000001 then return {string.format('%.6f', wait)} end
redis.call('SET', KEYS[1], string.format('%.17g', full), 'PX', math.ceil((full - now) * 1000))
return {'0'}
"""


class RedisCallerLimits:
    """`CallerLimits` on the server that a URL names; `limits` are requests a minute, by caller's name.

    Who has no limit is granted everything, and costs no trip.
    """

    def __init__(
        self,
        url: str,
        *,
        limits: Mapping[str, int],
        clock: Clock,
        timeout: timedelta,
        breaker: Breaker | None = None,
    ) -> None:
        """Prepare; the first request connects. ConfigurationError for a URL it cannot take."""
        self._scripts = Scripts(
            url, _SCRIPT, user="caller_limits", clock=clock, timeout=timeout, breaker=breaker
        )
        self._costs = {caller: _WINDOW / limit for caller, limit in limits.items()}
        self._clock = clock
        self._full: dict[str, float] = {}

    async def take(self, caller: str) -> timedelta | None:
        """Take one request; None if it is granted, else when the next one would be."""
        cost = self._costs.get(caller)
        if cost is None:
            return None
        reply = await self._scripts.run([PREFIX + caller], [f"{cost:.9f}", f"{_WINDOW:.0f}"])
        wait = self._take_here(caller, cost) if reply is None else float(cast("bytes", reply[0]))
        return timedelta(seconds=wait) if wait > 0 else None

    def _take_here(self, caller: str, cost: float) -> float:
        now = self._clock.monotonic()
        full = max(self._full.get(caller, 0.0), now) + cost
        wait = full - now - _WINDOW
        if wait > 1e-6:  # noqa: PLR2004 - what adding up many small costs may lose
            return wait
        self._full[caller] = full
        return 0.0

    async def close(self) -> None:
        """Close every connection."""
        await self._scripts.close()
