"""What this process has learnt of the entries it writes: a dictionary for each circle, to press them by.

A circle is what may share an entry: a source, a tenant, a partition. Of the first two hundred listings kept
in it a dictionary is made; it is stored beside them, and an entry names it by its digest. Who meets one that
it does not know fetches it, and writes by it from then on: so the processes of a fleet come to use the same.

It ends after every entry that needs it: what would last longer is pressed without it, until it is renewed.
One that is gone, by a purge or for want of room, is not put back but learnt anew; what was pressed by it is
a miss.
"""

from asyncio import to_thread
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from service.cache.frame import EntryError, Learnt, learnt_of, make_dictionary, unpack_tailed
from service.cache.hasher import Hasher
from service.cache.key import PREFIX, Kind, circle_of, learnt_key
from service.cache.store import Item, Store

_SAMPLES = 200
# What is larger has its words within itself, and a few would fill the dictionary.
_LARGEST_SAMPLE = 8 * 1024
# So many times as long as what is pressed by it a dictionary is kept.
_TIMES = 4
# So it is soon noticed when an operator has removed it.
_RENEWED_EVERY = timedelta(minutes=1)
# Callers with credentials of their own have a circle each: what was heard longest ago of is forgotten.
_MOST_CIRCLES = 16
# Each takes some hundred kilobytes for each thread that uses it.
_MOST_KNOWN = 64
_NEVER = datetime.min.replace(tzinfo=UTC)


class Loading(Protocol):
    """Where dictionaries are read from."""

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        """Give a value or None per key, in the order asked."""
        ...


@dataclass(slots=True)
class _Circle:
    """What is known of one circle; its dictionary is there `until` then, as far as this process knows."""

    samples: list[bytes] = field(default_factory=list)
    learnt: Learnt | None = None
    until: datetime = _NEVER
    renewal: datetime = _NEVER


class Lexicon:
    """The dictionaries of one process, by circle; `known` are all that it can read by, by their digests."""

    def __init__(self) -> None:
        """Start with none."""
        self.known: dict[bytes, Learnt] = {}
        self._circles: dict[str, _Circle] = {}

    def by(self, circle: str, *, until: datetime) -> Learnt | None:
        """Give what an entry is to be pressed by that is kept until then; None is what everybody knows."""
        known = self._circles.get(circle)
        return known.learnt if known is not None and until <= known.until else None

    async def learn(self, blobs: Mapping[str, bytes | None], store: Loading, hasher: Hasher) -> None:
        """Fetch the dictionaries without which some of what was loaded cannot be read, by its keys."""
        wanted = {
            (circle_of(key), digest)
            for key, blob in blobs.items()
            if blob is not None and (digest := learnt_of(blob)) is not None and digest not in self.known
        }
        if not wanted:
            return
        keys = [learnt_key(circle, digest=digest, hasher=hasher) for circle, digest in wanted]
        for (circle, digest), data in zip(wanted, await store.load(keys), strict=True):
            learnt, known = self._learnt(data), self._circle(circle)
            if learnt is not None and learnt.digest == digest and known.learnt is None:
                known.learnt = learnt

    async def study(
        self, items: Sequence[Item], store: Store, hasher: Hasher, *, now: datetime
    ) -> list[Item]:
        """Learn from what is about to be kept; gives what has to be kept before it."""
        found = []
        for circle, (values, ttl) in _listings(items).items():
            known = self._circle(circle)
            if known.learnt is None:
                known.learnt = self._learnt(await self._made(known, values))
            elif now < known.renewal:
                continue
            else:
                learnt = known.learnt
                key = learnt_key(circle, digest=learnt.digest, hasher=hasher)
                # Others may look at the same time, and one of them may have learnt anew since.
                if await store.load([key]) != [learnt.data] and known.learnt is learnt:
                    known.learnt = None
            if known.learnt is not None:
                known.until, known.renewal = now + _TIMES * ttl, now + _RENEWED_EVERY
                key = learnt_key(circle, digest=known.learnt.digest, hasher=hasher)
                found.append(Item(key, known.learnt.data, _TIMES * ttl))
        return found

    def _circle(self, circle: str) -> _Circle:
        known = self._circles.pop(circle, None) or _Circle()
        while len(self._circles) >= _MOST_CIRCLES:
            del self._circles[next(iter(self._circles))]
        self._circles[circle] = known
        return known

    def _learnt(self, data: bytes | None) -> Learnt | None:
        """Know a dictionary from now on; None where there is none."""
        try:
            learnt = None if data is None else Learnt(data)
        except EntryError:
            return None
        if learnt is not None:
            while len(self.known) >= _MOST_KNOWN:
                del self.known[next(iter(self.known))]
            self.known[learnt.digest] = learnt
        return learnt

    async def _made(self, known: _Circle, values: Iterable[bytes]) -> bytes | None:
        """Add to the samples of a circle, and make a dictionary of them when there are enough."""
        payloads = (unpack_tailed(value)[0] for value in values if learnt_of(value) is None)
        known.samples += [payload for payload in payloads if len(payload) <= _LARGEST_SAMPLE]
        if len(known.samples) < _SAMPLES:
            return None
        samples, known.samples = known.samples, []
        return await to_thread(make_dictionary, samples)


def _listings(items: Iterable[Item]) -> dict[str, tuple[list[bytes], timedelta]]:
    """Give the listings of each circle, and the longest time that one of them is kept."""
    found: dict[str, tuple[list[bytes], timedelta]] = {}
    for item in items:
        if item.ttl is not None and item.key[len(PREFIX)] == Kind.LISTING:
            circle = circle_of(item.key)
            values, ttl = found.get(circle, ([], item.ttl))
            values.append(item.value)
            found[circle] = (values, max(ttl, item.ttl))
    return found
