"""What the cache needs of a store: bytes by key, each with an end or without. The adapters provide it.

A store only ever saves work. Every operation is over within a bounded time; when it cannot be done
it raises StoreUnavailableError, and whoever asked carries on without.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Item:
    """A value to keep under `key` for `ttl`; one of less than a millisecond is not kept at all.

    None is no end: what an operator has put there stays until it is replaced, and no store may drop
    it to make room.
    """

    key: str
    value: bytes
    ttl: timedelta | None


class Store(Protocol):
    """Keeps bytes for a while; every method raises StoreUnavailableError when it cannot work."""

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        """Give a value or None per key, in the order asked, in one round trip."""
        ...

    async def save(self, items: Sequence[Item]) -> None:
        """Keep the items, in their order, each together with its end, if any, in one atomic command.

        Facts go before the listing that refers to them: whoever sees the one finds the other.
        """
        ...

    async def ping(self) -> None:
        """Return when the store replies."""
        ...

    async def close(self) -> None:
        """Let go of everything; nothing else may be called afterwards."""
        ...
