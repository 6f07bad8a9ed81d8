"""The store in this process's memory: for tests, and for who embeds the use cases in a program.

The service itself never opens one; it always has a server, if only its own.
Nothing is shared between workers and nothing survives them. Once `capacity` bytes are held, what was
used longest ago goes first, and what has no end never: as a server does under `volatile-lru`.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import inf

from connectors.errors import StoreUnavailableError
from connectors.ports import Clock
from service.cache.store import Item

_MILLISECOND = timedelta(milliseconds=1)
# What an entry takes beside its bytes: dict slot, two object headers, the entry itself.
_OVERHEAD = 200


@dataclass(frozen=True, slots=True)
class _Kept:
    value: bytes
    ends: float

    def cost(self, key: str) -> int:
        return len(key) + len(self.value) + _OVERHEAD


class MemoryStore:
    """A `Store` that holds at most `capacity` bytes."""

    def __init__(self, *, clock: Clock, capacity: int = 64 * 1024 * 1024) -> None:
        """Start empty."""
        self._clock = clock
        self._capacity = capacity
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        # What has no end lies apart: making room never looks at it.
        self._endless: dict[str, _Kept] = {}
        self._held = 0

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        """Give a value or None per key."""
        now = self._clock.monotonic()
        return [self._find(key, now) for key in keys]

    async def save(self, items: Sequence[Item]) -> None:
        """Keep the items as far as they fit; one larger than the whole store is not kept.

        StoreUnavailableError for one without an end that does not fit: it would be lost silently.
        """
        for item in items:
            if item.ttl is None or item.ttl >= _MILLISECOND:
                self._keep(item)

    def _keep(self, item: Item) -> None:
        self._forget(item.key)
        ends = inf if item.ttl is None else self._clock.monotonic() + item.ttl.total_seconds()
        kept = _Kept(item.value, ends)
        endless = sum(other.cost(key) for key, other in self._endless.items())
        if endless + kept.cost(item.key) > self._capacity:
            if item.ttl is None:
                raise StoreUnavailableError("the store has no room left for what has no end")
            return
        (self._endless if item.ttl is None else self._kept)[item.key] = kept
        self._held += kept.cost(item.key)
        while self._held > self._capacity:
            self._forget(next(iter(self._kept)))

    async def ping(self) -> None:
        """Return at once: this store is always there."""

    async def close(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._endless.clear()
        self._held = 0

    def _find(self, key: str, now: float) -> bytes | None:
        if key in self._endless:
            return self._endless[key].value
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.ends <= now:
            self._forget(key)
            return None
        self._kept.move_to_end(key)
        return kept.value

    def _forget(self, key: str) -> None:
        kept = self._kept.pop(key, None) or self._endless.pop(key, None)
        if kept is not None:
            self._held -= kept.cost(key)
