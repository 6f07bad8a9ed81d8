"""Which relations an answer follows: direction, relation, time, deletion and the other end."""

from dataclasses import dataclass, field
from enum import Enum, StrEnum

from connectors.contract import Deleted, Filter
from connectors.model import Edge, NodeId


class Direction(StrEnum):
    """Which way a directed edge may be followed from the node being expanded."""

    OUT = "out"
    IN = "in"
    BOTH = "both"


class Verdict(Enum):
    """Whether an edge belongs to the filtered graph; UNDECIDED when its source tells too little."""

    FOLLOW = "follow"
    LEAVE = "leave"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Rule:
    """The filters of one request; they apply at every hop.

    An undirected edge counts for every direction. `relations` is None when all are followed.
    """

    direction: Direction = Direction.BOTH
    relations: frozenset[str] | None = None
    filter: Filter = field(default_factory=Filter)

    def judge(self, edge: Edge, *, at: NodeId) -> Verdict:
        """Say whether `edge` is followed from `at`, which is one of its ends.

        A loop leads from the node to itself. Times are exclusive; an edge without one is undecided
        under a time filter, if nothing else rules it out.
        """
        if not (self._leads(edge, at) and self._deletion_fits(edge) and self.fits(edge.other_end(at))):
            return Verdict.LEAVE
        if self.relations is not None and edge.relation not in self.relations:
            return Verdict.LEAVE
        after, before = self.filter.created_after, self.filter.created_before
        if after is None and before is None:
            return Verdict.FOLLOW
        created = edge.created_at
        if created is None:
            return Verdict.UNDECIDED
        fits = (after is None or created > after) and (before is None or created < before)
        return Verdict.FOLLOW if fits else Verdict.LEAVE

    def fits(self, end: NodeId) -> bool:
        """Tell whether the filter wants this as the other end of an edge."""
        wanted = self.filter
        return (
            (not wanted.with_namespace or end.namespace in wanted.with_namespace)
            and (not wanted.with_type or end.type in wanted.with_type)
            and (wanted.with_key is None or end.key == wanted.with_key)
        )

    def _leads(self, edge: Edge, at: NodeId) -> bool:
        if not edge.directed or self.direction is Direction.BOTH:
            return True
        return at == (edge.subject if self.direction is Direction.OUT else edge.object)

    def _deletion_fits(self, edge: Edge) -> bool:
        wanted = self.filter.deleted
        return wanted is Deleted.INCLUDE or edge.deleted is (wanted is Deleted.ONLY)
