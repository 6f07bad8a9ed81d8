"""What the sources tell of nodes, and what of it still has to be read from where it is kept apart."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from connectors.model import Address, NodeFacts, NodeId
from connectors.wire import Aspect


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
        self._told: dict[NodeId, dict[str, tuple[datetime, NodeFacts]]] = defaultdict(dict)
        self._owed: dict[tuple[str, NodeId], Owed] = {}

    def facts_of(self, node: NodeId) -> Mapping[str, NodeFacts]:
        """Give what is known of a canonical node, by source."""
        return {source: facts for source, (_, facts) in self._told.get(node, {}).items()}

    def adopt(self, facts: Iterable[NodeFacts], *, source: str, fetched_at: datetime) -> None:
        """Take in facts; of two tellings by one source the newer stays, whatever came first."""
        for told in facts:
            by_source = self._told[told.node]
            held = by_source.get(source)
            if held is None or _is_later(held, (fetched_at, told)):
                by_source[source] = (fetched_at, told)

    def told_at(self, node: NodeId, *, source: str) -> datetime | None:
        """Give when a source told what is known of a canonical node."""
        held = self._told.get(node, {}).get(source)
        return None if held is None else held[0]

    def told(self) -> Iterator[tuple[str, datetime, NodeFacts]]:
        """Give all that is known: who told it, when, and what."""
        for by_source in self._told.values():
            for source, (fetched_at, facts) in by_source.items():
                yield source, fetched_at, facts

    def owed(self) -> tuple[Owed, ...]:
        """Give what is still owed."""
        return tuple(self._owed.values())

    def owe(self, owed: Owed) -> None:
        """Note facts that are kept apart; of two listings that refer to them the newer counts."""
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
        held = self._told.get(owed.node, {}).get(owed.source)
        return held is not None and held[0] >= owed.fetched_at


def _is_later(held: tuple[datetime, NodeFacts], told: tuple[datetime, NodeFacts]) -> bool:
    if held[0] != told[0]:
        return held[0] < told[0]
    # At one instant the text decides, so that no order of arrival ever does.
    return repr(held[1]) < repr(told[1])
