"""What is remembered of how many relations nodes have: for estimates, and of no node in particular.

Of each source and kind of node the newest few listings are kept as numbers: how many relations
there were, and to how many neighbors of which kinds. One that is met again is told from one that
was not: a few nodes are met by everybody, and what lies behind them is asked about once. Beside the
listings stand two shares: how many of the neighbors met at a hop were new to the answer, and how
many of the nodes that the cache did not lead to were in it all the same. No address is kept and no
credential. Sizes tell of whoever was shown them all the same, so each lesson has its holder: it is
read for those who may share the listings behind it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from connectors.model import Address, Selection
from service.usecases.estimate.holder import Holder

MOST_SAMPLES: Final = 48
"""Newest listings kept of one kind of node at one source."""
ENOUGH: Final = 12
"""Samples of one kind that need no others beside them."""
MOST_HELD: Final = 20_000
"""Samples held of all callers' credentials together: of up to eight kinds of neighbors some 28 MB."""
# What a lesson of few samples counts for, so that the lessons are no more than some hundreds.
_LEAST_HELD: Final = 64
_MOST_KINDS: Final = 256
# Neighbors of a node of middling size: where a seed counts as much as a node that was reached.
_MEAN: Final = 6.0
# What was counted before weighs no more than so many: of neighbors, and of nodes that the cache had.
# The second is little, some ten answers' worth, since a cache fills within minutes and is forgotten.
_MOST_MET: Final = 2000.0
_MOST_LOOKED_UP: Final = 100.0

Kind = str
"""Namespace and type of a node, `namespace:type`; of a selection `*` with its namespace."""


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One listing in numbers: `rows` relations, and by kind how many different neighbors.

    `tag` tells whether two samples are of one node, and nothing else; "" if that is not known. `again`
    when it was met more than once. As of the last time: `cached` whether the cache had its listing,
    `onward` what share of its neighbors was asked about then (None: they were never near enough).
    """

    rows: int
    neighbors: tuple[tuple[Kind, int], ...]
    tag: str = ""
    again: bool = False
    cached: bool = False
    onward: float | None = None


class Share(msgspec.Struct, array_like=True):
    """How many of how many."""

    part: float = 0
    whole: float = 0

    def add(self, part: float, whole: float, *, most: float) -> None:
        """Count more; all together weighs no more than `most`, so that what is older fades."""
        self.part += part
        self.whole += whole
        if self.whole > most:
            self.part *= most / self.whole
            self.whole = most

    def value(self, *, prior: float, weight: float) -> float:
        """Give the share, drawn towards `prior` as if `weight` more had been counted with it."""
        return (self.part + prior * weight) / (self.whole + weight)


class Lesson(msgspec.Struct):
    """What is known of one source: samples by ring and kind, by hop the share of `new`, and that of `cached`.

    Rings are the seeds (0) and whatever was reached (1), which is no node like any other: one with ten
    neighbors is ten times as likely to be met.
    """

    samples: dict[int, dict[Kind, list[Sample]]] = msgspec.field(default_factory=dict)
    new: dict[int, Share] = msgspec.field(default_factory=dict)
    cached: Share = msgspec.field(default_factory=Share)

    def add(self, kind: Kind, samples: Iterable[Sample], *, hop: int) -> None:
        """Take in samples of a kind met at a hop, the newest last.

        A node that was met before is as it is found now: its older samples are put right.
        """
        kinds = self.samples.setdefault(ring_of(hop), {})
        if kind not in kinds and len(kinds) >= _MOST_KINDS:
            return
        known = kinds.get(kind, [])
        for sample in samples:
            known = _joined(known, sample)[-MOST_SAMPLES:]
        kinds[kind] = known

    def count_new(self, part: float, whole: float, *, hop: int) -> None:
        """Count how many of the neighbors met at a hop were new."""
        self.new.setdefault(hop, Share()).add(part, whole, most=_MOST_MET)

    def count_cached(self, part: float, whole: float) -> None:
        """Count how many of the nodes that the cache did not lead to were in it."""
        self.cached.add(part, whole, most=_MOST_LOOKED_UP)

    def absorb(self, other: "Lesson") -> None:
        """Take in another lesson of the same source, which is newer."""
        for ring, kinds in other.samples.items():
            for kind, samples in kinds.items():
                self.add(kind, samples, hop=ring)
        for hop, share in other.new.items():
            self.count_new(share.part, share.whole, hop=hop)
        self.count_cached(other.cached.part, other.cached.whole)

    @property
    def size(self) -> int:
        """Give how many samples there are."""
        return sum(len(samples) for kinds in self.samples.values() for samples in kinds.values())

    def knows(self, kind: Kind) -> bool:
        """Tell whether the source was ever asked about this kind."""
        return any(kind in kinds for kinds in self.samples.values())

    def weighed(self, kind: Kind | None, *, hop: int, uncached: bool = False) -> list[tuple[Sample, float]]:
        """Give the samples of a kind (None: of all), each with its weight for a node met at a hop.

        Where enough of the kind were met in this ring, the others are left out. `uncached`: only of
        nodes that the cache did not have.
        """
        wanted = ring_of(hop)
        found = [
            (ring, sample)
            for ring, kinds in sorted(self.samples.items())
            for known, samples in kinds.items()
            if kind is None or known == kind
            for sample in samples
            if not (uncached and sample.cached)
        ]
        own = [sample for ring, sample in found if ring == wanted]
        if kind is not None and len(own) >= ENOUGH:
            return [(sample, 1.0) for sample in own]
        return [(sample, _weight(sample, met=ring, wanted=wanted)) for ring, sample in found]


class Experience:
    """The lessons by holder; those of the newest answer are worked out when somebody wants any.

    Of callers' credentials those go that were least recently used, where there are too many.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self._known: dict[Holder, Lesson] = {}
        self._untold: dict[Holder, Lesson] = {}
        # Of those that pass, the least recently used first.
        self._sizes: dict[Holder, int] = {}
        self._due: Callable[[], Mapping[Holder, Lesson]] | None = None

    @property
    def known(self) -> dict[Holder, Lesson]:
        """Give all there is."""
        self._settle()
        return self._known

    @property
    def untold(self) -> dict[Holder, Lesson]:
        """Give what the store has not been told."""
        self._settle()
        return self._untold

    def learn(self, lessons: Mapping[Holder, Lesson]) -> None:
        """Take in what one answer has taught."""
        for holder, lesson in lessons.items():
            known = self._known.get(holder, Lesson())
            known.absorb(lesson)
            self._untold.setdefault(holder, Lesson()).absorb(lesson)
            self._hold(holder, known)

    def learn_later(self, lessons: Callable[[], Mapping[Holder, Lesson]]) -> None:
        """Take in what one answer has taught, when that is wanted, and not while the answer is awaited.

        The lessons of at most one answer are due: they hold all that it was told.
        """
        self._settle()
        self._due = lessons

    def recall(self, holder: Holder, shared: Lesson | None) -> Lesson:
        """Give all that is known for a holder; `shared` is what the fleet knows of it, None if it is silent.

        What the fleet has not been told yet comes on top. A holder of whom nobody knows leaves no trace.
        """
        if shared is None:
            known = self.known.get(holder)
            if known is None:
                return Lesson()
        else:
            known = shared
            known.absorb(self.untold.get(holder, Lesson()))
        self._hold(holder, known)
        return known

    def tell_again(self, holder: Holder, lesson: Lesson) -> None:
        """Take back what could not be told; what came in between is newer."""
        if holder in self.known:
            lesson.absorb(self._untold.get(holder, Lesson()))
            self._untold[holder] = lesson

    def _hold(self, holder: Holder, lesson: Lesson) -> None:
        self._known[holder] = lesson
        if not holder.passing:
            return
        self._sizes.pop(holder, None)
        self._sizes[holder] = max(lesson.size, _LEAST_HELD)
        while len(self._sizes) > 1 and sum(self._sizes.values()) > MOST_HELD:
            oldest = next(iter(self._sizes))
            del self._sizes[oldest], self._known[oldest]
            self._untold.pop(oldest, None)

    def _settle(self) -> None:
        due, self._due = self._due, None
        if due is not None:
            self.learn(due())


def ring_of(hop: int) -> int:
    """Give the ring of a hop, the seeds' being 0."""
    return min(hop, 1)


def _weight(sample: Sample, *, met: int, wanted: int) -> float:
    """Give what a sample met in one ring is worth in the other."""
    neighbors = sum(number for _, number in sample.neighbors)
    if met < wanted:
        return neighbors / _MEAN
    return 1 / max(1, neighbors) if met > wanted else 1.0


def _joined(known: Sequence[Sample], sample: Sample) -> list[Sample]:
    """Give the samples with another one, which tells the newest of its node."""
    before = next((each for each in known if each.tag == sample.tag), None) if sample.tag else None
    if before is None:
        return [*known, sample]
    onward = before.onward if sample.onward is None else sample.onward
    newest = msgspec.structs.replace(sample, again=True, onward=onward)
    return [*(newest if each.tag == sample.tag else each for each in known), newest]


def kind_of(address: Address) -> Kind:
    """Give the kind of an address."""
    if isinstance(address, Selection):
        return f"*{address.namespace}"
    return f"{address.namespace}:{address.type}"


def encode_lesson(lesson: Lesson) -> bytes:
    """Write a lesson for the store."""
    return msgspec.msgpack.encode(lesson)


def decode_lesson(blob: bytes | None) -> Lesson | None:
    """Read a lesson; None when these bytes are none that this version can read."""
    if not blob:
        return None
    try:
        return msgspec.msgpack.decode(blob, type=Lesson)
    except msgspec.DecodeError:
        return None
