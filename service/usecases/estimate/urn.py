"""Draws what nodes may turn out to be, from listings of the same kind of node that were seen."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import NamedTuple

from service.usecases.estimate.experience import ENOUGH, Kind, Lesson, Sample, ring_of

_NOTHING = Lesson()


class _Urn(NamedTuple):
    """Samples, their weights summed up, and how much of what is drawn comes out of it."""

    samples: Sequence[Sample]
    weights: Sequence[float]
    share: float


class Urns:
    """Everything that was learnt, ready to be drawn from."""

    def __init__(self, lessons: Mapping[str, Lesson], *, dice: Random) -> None:
        """Draw with these dice from the lessons by source."""
        self._lessons = lessons
        self._dice = dice
        self._urns: dict[tuple[str, Kind | None, int, bool], _Urn] = {}

    def draw(
        self, source: str, kind: Kind, *, hop: int, number: int, uncached: bool = False
    ) -> Sequence[Sample]:
        """Draw so many nodes of a kind that are met at a hop; () when nothing of the source is known.

        `uncached`: of the cache it is known that it does not have them. Of a kind that was hardly seen
        some are drawn as if they were of any kind.
        """
        own = self._urn(source, kind, hop, uncached=uncached)
        rest = sum(self._dice.random() >= own.share for _ in range(number)) if own.share < 1 else 0
        drawn = self._choose(own, number - rest)
        if rest:
            drawn += self._choose(self._urn(source, None, hop, uncached=uncached), rest)
        return drawn

    def _choose(self, urn: _Urn, number: int) -> list[Sample]:
        if not number or not urn.samples:
            return []
        return self._dice.choices(urn.samples, cum_weights=urn.weights, k=number)

    def _urn(self, source: str, kind: Kind | None, hop: int, *, uncached: bool) -> _Urn:
        key = (source, kind, ring_of(hop), uncached)
        if key not in self._urns:
            lesson = self._lessons.get(source, _NOTHING)
            # A seed without neighbors was never met by way of one.
            weighed = [each for each in lesson.weighed(kind, hop=hop, uncached=uncached) if each[1] > 0]
            mass = sum(weight for _, weight in weighed)
            # As if one more sample than there are stood for what was not seen.
            lacking = max(0, ENOUGH - len(weighed)) / ENOUGH * (mass + 1)
            share = 1.0 if kind is None else mass / (mass + lacking)
            weights = list(accumulate(weight for _, weight in weighed))
            self._urns[key] = _Urn([sample for sample, _ in weighed], weights, share)
        return self._urns[key]
