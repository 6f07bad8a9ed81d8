"""Removes from the store what an operator picked; nothing here is in a caller's way.

What was fetched before must not be there afterwards, and an answer under way may still write it
down. There is no telling from outside which answers those are, but every one of them ends: so the
store is swept, and once they have all ended, swept again.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Protocol

from service.cache.hasher import Hasher
from service.cache.key import PREFIX, Kind
from service.cache.pick import FORMER_LENGTH, Pick
from service.usecases.cached.lexicon import Lexicon

# Some entries are megabytes.
_LOOKED_INTO = 50


class Keyspace(Protocol):
    """All keys of a store, on whichever server; every method raises StoreUnavailableError."""

    def scan(self, pattern: str) -> AsyncIterator[list[str]]:
        """Give the keys that fit a Redis pattern, some at a time; one may come twice."""
        ...

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        """Give a value or None per key, in the order asked."""
        ...

    async def remove(self, keys: Sequence[str]) -> None:
        """Remove the keys, values and all."""
        ...


async def sweep(
    keyspace: Keyspace, picks: Iterable[tuple[Pick, Hasher]], *, dry_run: bool = False
) -> Counter[Kind]:
    """Remove what each pick means under its keys' hasher, and count it; with `dry_run`, only count."""
    found: set[str] = set()
    for pick, hasher in picks:
        async for keys in _find(keyspace, pick, hasher):
            found.update(keys)
            if not dry_run and keys:
                await keyspace.remove(keys)
    return Counter(map(_kind, found))


async def _find(keyspace: Keyspace, pick: Pick, hasher: Hasher) -> AsyncIterator[list[str]]:
    for pattern in pick.sure(hasher):
        async for keys in keyspace.scan(pattern):
            yield keys
    lexicon = Lexicon()
    for pattern in pick.doubtful(hasher):
        async for keys in keyspace.scan(pattern):
            for start in range(0, len(keys), _LOOKED_INTO):
                some = keys[start : start + _LOOKED_INTO]
                blobs = await keyspace.load(some)
                await lexicon.learn(dict(zip(some, blobs, strict=True)), keyspace, hasher)
                yield [
                    key
                    for key, blob in zip(some, blobs, strict=True)
                    if blob is not None and pick.mentioned(key, blob, known=lexicon.known)
                ]


def _kind(key: str) -> Kind:
    # What an earlier version kept has no kind in its key; most of that were listings.
    former = len(key) == len(PREFIX) + FORMER_LENGTH
    return Kind.LISTING if former else Kind(key[len(PREFIX)])
