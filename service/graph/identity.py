"""Which addresses are one thing because somebody says so: the crosswalk, as an index of groups.

Saying so is symmetric and transitive. A group is one connected component of the rows that may be
seen, and the rows are kept as its evidence. Nothing depends on the order of the rows or on their
being there twice; without a row everything is as if it had never been there, since a crosswalk is
never changed, only built anew.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connectors.model import NodeId

ASSERTED = "asserted"
"""The rule of everything a crosswalk says."""

# A thing has a handful of addresses. So many that meet are a slip in the rows, such as a placeholder
# that stands for "unknown", and to merge them would make one node of half a graph.
MOST_MEMBERS = 1_000

# Of one namespace and tenant; one of them may be known to nobody.
_MOST_LANDMARKS = 3

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """One assertion: two canonical addresses are the same thing, says `source`.

    `confidence` is from 0 to 1. `visibility` names the sources whose use a caller must have for the
    row to show; empty, that follows from the addresses.
    """

    address: NodeId
    same_as: NodeId
    source: str
    confidence: float
    visibility: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a member of a group is in it: by which rule it is the same as which other, says who."""

    same_as: NodeId
    rule: str
    source: str
    confidence: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """Addresses of one thing, ascending by their text, and per member what joins it, in one order.

    A node that no visible row names is alone in its group, without evidence.
    """

    members: tuple[NodeId, ...]
    evidence: Mapping[NodeId, tuple[Evidence, ...]] = field(hash=False)

    @property
    def merged(self) -> NodeId:
        """Give the address that the merged node goes by: the smallest."""
        return self.members[0]


class Crosswalk:
    """The rows of one crosswalk, never changed; asking costs as much as the answer's group is large.

    `loaded_at` is when the operator loaded it, `digest` a hash of its rows: equal ones say the same.
    `landmarks` are the smallest few addresses of each namespace and tenant it speaks of, ascending.
    """

    __slots__ = ("_touching", "digest", "landmarks", "loaded_at", "rows")

    def __init__(self, rows: Iterable[Row] = (), *, loaded_at: datetime = _NEVER, digest: str = "") -> None:
        """Index the rows; of equal ones the first stays, and one about a single address joins nothing."""
        self.rows = tuple(dict.fromkeys(rows))
        self.loaded_at = loaded_at
        self.digest = digest
        self._touching: dict[NodeId, list[Row]] = {}
        for row in self.rows:
            if row.address != row.same_as:
                self._touching.setdefault(row.address, []).append(row)
                self._touching.setdefault(row.same_as, []).append(row)
        by_scope: dict[tuple[str, str | None], list[NodeId]] = {}
        for node in sorted(self._touching, key=str):
            held = by_scope.setdefault((node.namespace, node.tenant), [])
            if len(held) < _MOST_LANDMARKS:
                held.append(node)
        self.landmarks = tuple(tuple(held) for held in by_scope.values())

    def __contains__(self, node: NodeId) -> bool:
        """Tell whether any row, visible or not, joins the node to another."""
        return node in self._touching

    def group_of(self, node: NodeId, *, visible: Callable[[Row], bool]) -> Group:
        """Give what the node is the same as, by the rows that `visible` lets through.

        `visible` is asked once for each row that touches a member, and has to give one answer per row.
        """
        reached = self._reach(node, visible)
        return Group(
            members=tuple(sorted(reached, key=str)),
            evidence={member: self._evidence(member, rows) for member, rows in reached.items()},
        )

    def components(self) -> Iterator[tuple[NodeId, ...]]:
        """Give the members of every group there is when all rows are visible, each group once."""
        seen: set[NodeId] = set()
        for node in self._touching:
            if node not in seen:
                members = self._reach(node, lambda _: True)
                seen.update(members)
                yield tuple(sorted(members, key=str))

    def _reach(self, node: NodeId, visible: Callable[[Row], bool]) -> dict[NodeId, list[Row]]:
        reached: dict[NodeId, list[Row]] = {node: []}
        frontier = [node]
        # By identity: the rows live as long as the index, and hashing one walks both its addresses.
        judged: set[int] = set()
        for here in frontier:
            for row in self._touching.get(here, ()):
                if id(row) in judged:
                    continue
                judged.add(id(row))
                if visible(row):
                    for end in (row.address, row.same_as):
                        if end not in reached:
                            reached[end] = []
                            frontier.append(end)
                        reached[end].append(row)
        return reached

    def _evidence(self, member: NodeId, rows: Iterable[Row]) -> tuple[Evidence, ...]:
        told = {
            Evidence(
                row.same_as if row.address == member else row.address,
                ASSERTED,
                row.source,
                row.confidence,
                self.loaded_at,
            )
            for row in rows
        }
        return tuple(sorted(told, key=_order))


def _order(evidence: Evidence) -> tuple[str, str, float]:
    return (str(evidence.same_as), evidence.source, evidence.confidence)
