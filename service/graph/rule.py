"""Which relations an answer follows: direction, relation, time, deletion and the other end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from connectors.contract import Deleted, Filter
from connectors.model import Edge, NodeId
from service.graph.merge import MergedEdge


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

    @property
    def is_even(self) -> bool:
        """Tell whether it judges every edge alike at both of its ends."""
        return self.direction is Direction.BOTH and not self.filter.binds_other_end

    @property
    def is_plain(self) -> bool:
        """Tell whether nothing of an edge matters but that it is deleted or not."""
        timed = self.filter.created_after is not None or self.filter.created_before is not None
        return self.is_even and self.relations is None and not timed

    def followed(self, edges: Sequence[Edge]) -> Sequence[Edge]:
        """Give the edges that a plain rule follows, from whichever end."""
        if self.filter.deleted is Deleted.INCLUDE:
            return edges
        only = self.filter.deleted is Deleted.ONLY
        return [edge for edge in edges if edge.deleted is only]

    def judge(self, edge: Edge, *, at: NodeId) -> Verdict:
        """Say whether `edge` is followed from `at`, which is one of its ends.

        A loop leads from the node to itself. Times are exclusive; an edge without one is undecided
        under a time filter, if nothing else rules it out.
        """
        wanted = self.filter
        if not (self._leads(edge, at) and self._deletion_fits(edge)):
            return Verdict.LEAVE
        if wanted.binds_other_end and not self.fits(edge.other_end(at)):
            return Verdict.LEAVE
        if self.relations is not None and edge.relation not in self.relations:
            return Verdict.LEAVE
        after, before = wanted.created_after, wanted.created_before
        if after is None and before is None:
            return Verdict.FOLLOW
        created = edge.created_at
        if created is None:
            return Verdict.UNDECIDED
        fits = (after is None or created > after) and (before is None or created < before)
        return Verdict.FOLLOW if fits else Verdict.LEAVE

    def ways(self, edge: MergedEdge) -> Sequence[tuple[NodeId, NodeId]]:
        """Give from which end to which an edge leads, each word of which was followed from one of them."""
        subject, object_, relation, directed, record = edge.key
        if (not directed or self.direction is Direction.BOTH) and not self.filter.binds_other_end:
            # All else that is judged is the same from either end. Nearly every edge is such a one, and to
            # judge it again, twice, takes as long as what is done with it.
            return ((subject, object_),) if subject == object_ else ((subject, object_), (object_, subject))
        plain = Edge(
            subject, object_, relation, directed, record, edge.created_at, edge.deleted_at, edge.deleted
        )
        followed = (start for start in {subject, object_} if self.judge(plain, at=start) is Verdict.FOLLOW)
        return [(start, plain.other_end(start)) for start in followed]

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
