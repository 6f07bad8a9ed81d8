"""What the sources tell of nodes, and what of it still has to be read from where it is kept apart.

A listing that was asked for ahead of its turn is put aside: what an answer tells of a node may not depend
on what happened to be in when a budget was spent.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from marshal import dumps
from operator import is_
from typing import NamedTuple

from connectors.model import Address, NodeFacts, NodeId
from connectors.walk import Listing
from connectors.wire import Aspect

# By this version equal values of equal types have equal bytes; by later ones only if they share their parts.
_MARSHAL = 2
# To make another listing takes as long as to read so many facts.
_FEW = 3


Side = tuple[str, Address, Aspect]
"""By source, whose listing it is and what it tells of."""


class Owed(NamedTuple):
    """Facts of one node that a cached listing refers to; `listed_by` is whose listing that is.

    `aspect` is the side of `listed_by` that the listing tells of.
    """

    source: str
    node: NodeId
    digest: bytes
    listed_by: Address
    fetched_at: datetime
    aspect: Aspect = Aspect.RELATIONS

    @property
    def age_rank(self) -> tuple[datetime, str, Aspect]:
        """Give what the newest of several is the greatest by, whatever order they came in."""
        return self.fetched_at, str(self.listed_by), self.aspect


class Ledger:
    """Facts by node and source, the newest of what one source told; and the facts still owed."""

    def __init__(self) -> None:
        """Start empty."""
        # By source and the text of the address: an answer looks each of its thousands up several times.
        self._told: dict[str, dict[str, tuple[datetime, NodeFacts]]] = defaultdict(dict)
        self._owed: dict[tuple[str, NodeId], Owed] = {}
        # What listings have told whose turn has not come, and what they owe.
        self._aside: dict[Side, list[Listing | Owed]] = {}

    def put_aside(self, sides: Iterable[Side]) -> None:
        """Take in nothing of these listings before they are admitted."""
        self._aside.update((side, []) for side in sides)

    def admit(self, side: Side) -> None:
        """Take in what a listing has told that was put aside, and whatever it tells from now on."""
        for told in self._aside.pop(side, ()):
            if isinstance(told, Owed):
                self.owe(told)
            else:
                self.hear(told, source=side[0])

    def facts_of(self, node: NodeId) -> Mapping[str, NodeFacts]:
        """Give what is known of a canonical node, by source."""
        # A loop: asked for every node of an answer, and a comprehension is a call of its own.
        text, found = node.text, {}
        for source, told in self._told.items():
            held = told.get(text)
            if held is not None:
                found[source] = held[1]
        return found

    def adopt(self, facts: Iterable[NodeFacts], *, source: str, fetched_at: datetime) -> list[NodeFacts]:
        """Take in facts; of two tellings by one source the newer stays, whatever came first.

        Gives the facts in their order, those that are held in the very same words as they are held.
        """
        known, shared = self._told[source], []
        for told in facts:
            text = told.node.text
            held = known.get(text)
            if held is None:
                known[text] = (fetched_at, told)
            elif held[1] is told or _said(held[1]) == _said(told):
                shared.append(held[1])
                if held[0] < fetched_at:
                    known[text] = (fetched_at, held[1])
                continue
            elif _is_later(held, (fetched_at, told)):
                known[text] = (fetched_at, told)
            shared.append(told)
        return shared

    def hear(self, listing: Listing, *, source: str) -> Sequence[NodeFacts]:
        """Adopt the facts of a listing, or put it aside if its turn has not come; gives them as held."""
        aside = self._aside.get((source, listing.address, listing.aspect)) if self._aside else None
        if aside is None:
            return self.adopt(listing.facts, source=source, fetched_at=listing.fetched_at)
        aside.append(listing)
        return listing.facts

    def take_in(self, listing: Listing, *, source: str) -> Listing:
        """Take in the facts of a listing, and give the listing.

        A large answer is told the same of each of its nodes several times: that is held once.
        """
        shared = self.hear(listing, source=source)
        known = len(shared) - sum(map(is_, shared, listing.facts))
        return replace(listing, facts=tuple(shared)) if known > _FEW else listing

    def told_at(self, node: NodeId, *, source: str) -> datetime | None:
        """Give when a source told what is known of a canonical node."""
        held = self._told.get(source, {}).get(node.text)
        return None if held is None else held[0]

    def told_by(self, source: str) -> Mapping[str, tuple[datetime, NodeFacts]]:
        """Give what one source has told by now, by the texts of addresses: when, and what."""
        return self._told.get(source, {})

    def told(self) -> Iterator[tuple[str, datetime, NodeFacts]]:
        """Give all that is known: who told it, when, and what."""
        for source, known in self._told.items():
            for fetched_at, facts in known.values():
                yield source, fetched_at, facts

    @property
    def may_owe(self) -> bool:
        """Tell whether anything is owed, or will be when what was put aside is admitted."""
        return bool(self._owed or self._aside)

    def owed(self) -> tuple[Owed, ...]:
        """Give what is still owed."""
        return tuple(self._owed.values())

    def owe(self, owed: Owed) -> None:
        """Note facts that are kept apart; of two listings that refer to them the newer counts."""
        aside = self._aside.get((owed.source, owed.listed_by, owed.aspect)) if self._aside else None
        if aside is not None:
            aside.append(owed)
            return
        held = self._owed.get((owed.source, owed.node))
        if held is None or held.age_rank < owed.age_rank:
            self._owed[owed.source, owed.node] = owed

    def collect(self, nodes: Collection[NodeId] | None = None) -> list[Owed]:
        """Take out what is owed of these nodes, of all by default; what is settled meanwhile is dropped."""
        if not self._owed:
            return []
        due = [owed for owed in self._owed.values() if nodes is None or owed.node in nodes]
        for owed in due:
            del self._owed[owed.source, owed.node]
        return [owed for owed in due if not self._settled(owed)]

    def _settled(self, owed: Owed) -> bool:
        told_at = self.told_at(owed.node, source=owed.source)
        return told_at is not None and told_at >= owed.fetched_at


def _is_later(held: tuple[datetime, NodeFacts], told: tuple[datetime, NodeFacts]) -> bool:
    if held[0] != told[0]:
        return held[0] < told[0]
    # Listings of one batch are of one instant: the text decides, so that no order of arrival ever does.
    return repr(held[1]) < repr(told[1])


def _said(facts: NodeFacts) -> tuple[object, ...]:
    # By what is written down, since 1 equals true.
    return facts.label, facts.url, dumps(facts.attributes, _MARSHAL)
