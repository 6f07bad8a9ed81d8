"""Answers kept whole in this process, for questions that are asked again and again (ADR 0041).

An answer is kept only while the server tells of every key that changes, and goes with the first key
that does of those it was read from: a listing fetched anew, a purge, an eviction, a refused credential.
It goes, too, when the first of its listings is no longer fresh. So whoever is given it is given what
the store would have told just now, and nobody who could not have read it there: a question is known by
everything that was sent, credentials included.

What is asked once is not kept, or random questions would push out the repeated ones: the first time a
question is only remembered, the second time its answer is kept, the third time it is given.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from weakref import WeakSet

from connectors.ports import Clock
from service.usecases.cached.footing import Footing

T = TypeVar("T")

# Questions remembered as asked once, at some 130 bytes each.
_MOST_ASKED = 8192
# What a key takes that is watched: its bytes, its place in the index and in the answer.
_BYTES_OF_A_KEY = 250
# No answer may push out more than its share of the others.
_LARGEST_SHARE = 4


class Watch(Protocol):
    """Whether changes in the store are told, and a moment at which all of them were."""

    @property
    def tracking(self) -> bool:
        """Tell whether every change is told now."""
        ...

    async def heed(self) -> bool:
        """Have told what the store has sent so far; False if that cannot be said."""
        ...


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    answer: T
    until: datetime
    keys: frozenset[bytes]
    size: int


class Repeats(Generic[T]):
    """At most `most_bytes` of answers; what was asked for longest ago goes first."""

    def __init__(self, *, most_bytes: int, clock: Clock, watch: Watch) -> None:
        """Start empty; `watch` has every change told to `note_changed`."""
        self._most = most_bytes
        self._clock = clock
        self._watch = watch
        self._kept: OrderedDict[bytes, _Kept[T]] = OrderedDict()
        self._by_key: dict[bytes, set[bytes]] = {}
        self._held = 0
        self._asked: OrderedDict[bytes, None] = OrderedDict()
        self._open: WeakSet[Footing] = WeakSet()

    @property
    def is_on(self) -> bool:
        """Tell whether anything is kept at all."""
        return self._most > 0

    @property
    def held_bytes(self) -> int:
        """Give how much is kept."""
        return self._held

    def has_room(self, size: int) -> bool:
        """Tell whether an answer of so many bytes is not too large to be kept at all."""
        return size <= self._most // _LARGEST_SHARE

    async def find(self, question: bytes) -> T | None:
        """Give the answer kept for a question, if it is still what the store would tell."""
        if question not in self._kept:
            return None
        heeded = await self._watch.heed()
        if not self._watch.tracking:
            self.note_changed(None)
        kept = self._kept.get(question)
        if kept is None or not heeded:
            return None
        if kept.until <= self._clock.now():
            self._forget(question)
            return None
        self._kept.move_to_end(question)
        return kept.answer

    def expect(self, question: bytes) -> Footing | None:
        """Give what the answer that is made now is to note if it is to be kept; None if it is not."""
        if not self._watch.tracking:
            return None
        if question not in self._asked:
            self._asked[question] = None
            if len(self._asked) > _MOST_ASKED:
                self._asked.popitem(last=False)
            return None
        self._asked.move_to_end(question)
        footing = Footing()
        self._open.add(footing)
        return footing

    def keep(self, question: bytes, answer: T, *, footing: Footing, size: int) -> bool:
        """Keep an answer of `size` bytes for who asks the same; False if it may not or cannot be."""
        self._open.discard(footing)
        size += len(footing.keys) * _BYTES_OF_A_KEY
        good = footing.holds and footing.until > self._clock.now() and self._watch.tracking
        if not good or not self.has_room(size):
            return False
        self._forget(question)
        self._kept[question] = _Kept(answer, footing.until, frozenset(footing.keys), size)
        self._held += size
        for key in footing.keys:
            self._by_key.setdefault(key, set()).add(question)
        while self._held > self._most:
            self._forget(next(iter(self._kept)))
        return True

    def note_changed(self, keys: Iterable[bytes] | None) -> None:
        """Forget what was read from these keys; None stands for all there are."""
        told = None if keys is None else tuple(keys)
        for footing in self._open:
            footing.note_changed(told)
        if told is None:
            self._kept.clear()
            self._by_key.clear()
            self._held = 0
            return
        for key in told:
            for question in tuple(self._by_key.get(key, ())):
                self._forget(question)

    def _forget(self, question: bytes) -> None:
        kept = self._kept.pop(question, None)
        if kept is None:
            return
        self._held -= kept.size
        for key in kept.keys:
            questions = self._by_key[key]
            questions.discard(question)
            if not questions:
                del self._by_key[key]
