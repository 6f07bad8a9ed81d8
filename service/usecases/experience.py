"""What is remembered of how many relations nodes have: for estimates, and of no node in particular.

Of each source and kind of node the newest few listings are kept as numbers: how many relations
there were, and to how many neighbors of which kinds. Beside them stand two shares, by hop: how many
of the neighbors met there were new to the answer, and how many of the nodes that the cache did not
lead to were in it all the same. No address is kept, no credential, and nothing of who asked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from connectors.model import Address, Selection

MOST_SAMPLES: Final = 48
"""Newest listings kept of one kind of node at one source."""
ENOUGH: Final = 12
"""Samples of one kind that need no others beside them."""
_MOST_KINDS: Final = 256
# Neighbors of a node of middling size: where a sample of one way counts as much for the other.
_MEAN: Final = 6.0
# What was met in another ring says less.
_ELSEWHERE: Final = 0.25
# What was counted longer ago weighs less: at this many the older half is forgotten.
_MOST_COUNTED: Final = 2000

Kind = str
"""Namespace and type of a node, `namespace:type`; of a selection `*` with its namespace."""


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One listing in numbers: `rows` relations, and by kind how many different neighbors."""

    rows: int
    neighbors: tuple[tuple[Kind, int], ...]


class Share(msgspec.Struct, array_like=True):
    """How many of how many."""

    part: float = 0
    whole: float = 0

    def add(self, part: float, whole: float) -> None:
        """Count more; what is older weighs less from time to time."""
        self.part += part
        self.whole += whole
        if self.whole > _MOST_COUNTED:
            self.part /= 2
            self.whole /= 2

    def value(self, *, prior: float, weight: float) -> float:
        """Give the share, drawn towards `prior` as if `weight` more had been counted with it."""
        return (self.part + prior * weight) / (self.whole + weight)


class Lesson(msgspec.Struct):
    """What is known of one source: samples by ring and kind, and by hop the shares of `new` and of `held`.

    Rings are the seeds (0), their neighbors (1), and whatever lies behind (2). Whoever is reached is
    no node like any other: one with ten neighbors is ten times as likely to be met.
    """

    samples: dict[int, dict[Kind, list[Sample]]] = msgspec.field(default_factory=dict)
    new: dict[int, Share] = msgspec.field(default_factory=dict)
    held: dict[int, Share] = msgspec.field(default_factory=dict)

    def add(self, kind: Kind, samples: Iterable[Sample], *, hop: int) -> None:
        """Take in samples of a kind met at a hop, the newest last."""
        kinds = self.samples.setdefault(_ring(hop), {})
        if kind in kinds or len(kinds) < _MOST_KINDS:
            kinds[kind] = [*kinds.get(kind, ()), *samples][-MOST_SAMPLES:]

    def absorb(self, other: "Lesson") -> None:
        """Take in another lesson of the same source, which is newer."""
        for ring, kinds in other.samples.items():
            for kind, samples in kinds.items():
                self.add(kind, samples, hop=ring)
        for mine, theirs in ((self.new, other.new), (self.held, other.held)):
            for hop, share in theirs.items():
                mine.setdefault(hop, Share()).add(share.part, share.whole)

    def knows(self, kind: Kind) -> bool:
        """Tell whether the source was ever asked about this kind."""
        return any(kind in kinds for kinds in self.samples.values())

    def weighed(self, kind: Kind | None, *, hop: int) -> list[tuple[Sample, float]]:
        """Give the samples of a kind (None: of all), each with its weight for a node met at a hop.

        Where enough of the kind were met in this ring, the others are left out.
        """
        own = self.samples.get(_ring(hop), {}).get(kind or "", [])
        if len(own) >= ENOUGH:
            return [(sample, 1.0) for sample in own]
        return [
            (sample, _weight(sample, met=ring, wanted=_ring(hop)))
            for ring, kinds in sorted(self.samples.items())
            for known, samples in kinds.items()
            if kind is None or known == kind
            for sample in samples
        ]


@dataclass(slots=True)
class Experience:
    """The lessons by source: `known` is all of it, `untold` what the store has not been told."""

    known: dict[str, Lesson] = field(default_factory=dict)
    untold: dict[str, Lesson] = field(default_factory=dict)

    def learn(self, lessons: Mapping[str, Lesson]) -> None:
        """Take in what one answer has taught."""
        for source, lesson in lessons.items():
            self.known.setdefault(source, Lesson()).absorb(lesson)
            self.untold.setdefault(source, Lesson()).absorb(lesson)

    def recall(self, source: str, shared: Lesson) -> None:
        """Take over what the fleet knows of a source; what it has not been told yet comes on top."""
        shared.absorb(self.untold.get(source, Lesson()))
        self.known[source] = shared


def _ring(hop: int) -> int:
    return min(hop, 2)


def _weight(sample: Sample, *, met: int, wanted: int) -> float:
    """Give what a sample met in one ring is worth in another."""
    if met == wanted:
        return 1.0
    neighbors = sum(number for _, number in sample.neighbors)
    if wanted == 0:
        return _ELSEWHERE / max(1, neighbors)
    return _ELSEWHERE * (neighbors / _MEAN if met == 0 else 1.0)


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
