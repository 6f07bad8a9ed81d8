"""What the cache needs of a store: bytes by key, each with an end. The adapters provide it.

A store only ever saves work. Every operation is over within a bounded time; when it cannot be done
it raises StoreUnavailableError, and whoever asked carries on without.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Item:
    """A value to keep under `key` for `ttl`; one of less than a millisecond is not kept at all."""

    key: str
    value: bytes
    ttl: timedelta


@dataclass(slots=True)
class Tally:
    """What a store has done since it was opened, for the metrics to read.

    `failures` counts operations that did not work, `skipped` those not tried because the one before
    had failed.
    """

    hits: int = 0
    misses: int = 0
    saved: int = 0
    failures: int = 0
    skipped: int = 0


class Store(Protocol):
    """Keeps bytes for a while; every method raises StoreUnavailableError when it cannot work."""

    @property
    def tally(self) -> Tally:
        """Give the running counts."""
        ...

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        """Give a value or None per key, in the order asked, in one round trip."""
        ...

    async def save(self, items: Sequence[Item]) -> None:
        """Keep the items, in their order, each together with its end in one atomic command.

        Facts go before the listing that refers to them: whoever sees the one finds the other.
        """
        ...

    async def remove(self, keys: Sequence[str]) -> None:
        """Forget the keys; those not there are no matter."""
        ...

    async def ping(self) -> None:
        """Return when the store replies."""
        ...

    async def close(self) -> None:
        """Let go of everything; nothing else may be called afterwards."""
        ...
