"""Reads what the cache has for a hop: no more of it than there is time left to tell.

A warm hop of a thousand listings is here in no time, and takes half a second to be read, merged and
written. Where an answer may not have that, its listings are read a few at a time.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import inf

from connectors.model import NodeId
from service.cache.freshness import Standing
from service.usecases.ask import Ask, Held
from service.usecases.cached.ledger import Owed
from service.usecases.cached.shelf import Shelf
from service.usecases.meter import Found, Meter

# Seconds that reading a listing takes at most, but for a few large ones.
_READ_IN = 0.001
# The part of the time left that may go by until it is looked at again.
_SHARE = 0.25
# So many are read between two looks at the time, however little there is.
_FEWEST = 16

Spare = Callable[[int], float]
"""Gives the seconds that an answer has left once so many more nodes and edges are told."""


def endless(more: int) -> float:  # noqa: ARG001 - however many
    """Have all the time there is."""
    return inf


@dataclass(frozen=True, slots=True)
class Perused:
    """What was `held` of what was asked, the facts that are `gone`, and the asks there was no time for."""

    held: Mapping[Ask, Held]
    gone: Sequence[Owed]
    unread: Sequence[Ask]


async def peruse(
    asks: Sequence[Ask],
    *,
    nodes: Collection[NodeId],
    shelf: Shelf,
    meter: Meter,
    deadline: float,
    spare: Spare,
    known: Callable[[], Collection[object]],
) -> Perused:
    """Look up the asks, in their order, and complete what is owed of `nodes`.

    The store is waited for until `deadline`. `known` are the texts of nodes, and the pairs of them that
    edges join, that are told of anyway.
    """
    portion = _portion(len(asks), left=spare(0))
    held, gone = await shelf.read(asks[:portion], nodes=nodes, deadline=deadline)
    told, newest = set[object](), held
    beside = known() if portion < len(asks) else ()
    while portion < len(asks):
        told.update(_told(newest.values()).difference(beside))
        left = spare(len(told))
        if left <= 0:
            break
        begin, portion = portion, portion + _portion(len(asks), left=left)
        newest, lacking = await shelf.read(asks[begin:portion], nodes=(), deadline=deadline)
        held |= newest
        gone += lacking
    _count(asks[:portion], held, shelf=shelf, meter=meter)
    return Perused(held, gone, asks[portion:])


def _portion(most: int, *, left: float) -> int:
    return max(_FEWEST, int(min(most, left * _SHARE / _READ_IN)))


def _told(listings: Iterable[Held]) -> set[object]:
    """Give what tells nodes and edges apart, near enough: an edge by its ends."""
    told = set[object]()
    for held in listings:
        for edge in held.listing.edges:
            one, other = edge.subject.text, edge.object.text
            told.update((one, other, (one, other)))
    return told


def _count(asks: Iterable[Ask], held: Mapping[Ask, Held], *, shelf: Shelf, meter: Meter) -> None:
    now = shelf.cabinet.clock.now()
    for ask in asks:
        each = held.get(ask)
        found: Found = "missing"
        if each is not None:
            meter.served(ask.source.name, age=max(now - each.listing.fetched_at, timedelta(0)))
            fresh: Found = "absent" if each.listing.absent else "fresh"
            found = fresh if each.standing is Standing.FRESH else "stale"
        meter.looked_up(ask.source.name, found=found)
