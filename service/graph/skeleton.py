"""A graph by numbers: what its measures depend on, and nothing that its nodes and edges tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from service.graph.attributes import peek

if TYPE_CHECKING:
    # A type alone: what only knows skeletons does not wait for the library (ADR 0037).
    import networkx as nx

Graph: TypeAlias = "nx.MultiDiGraph[str]"  # of the answer's records, as `assemble` builds it


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Nodes 0 to `size` - 1, and the edges between them by the numbers of their ends.

    An arc is a directed edge and leads one way, a line is an undirected one and leads both. Parallel
    edges and loops are all there.
    """

    size: int
    arcs: Sequence[tuple[int, int]]
    lines: Sequence[tuple[int, int]]

    @property
    def extent(self) -> int:
        """Count nodes and edges together."""
        return self.size + len(self.arcs) + len(self.lines)


def sketch(graph: Graph) -> tuple[tuple[str, ...], Skeleton]:
    """Give the ids of the nodes, ascending, and the skeleton that numbers them in this order."""
    ids = tuple(sorted(graph))
    place = {node: number for number, node in enumerate(ids)}
    arcs: list[tuple[int, int]] = []
    lines: list[tuple[int, int]] = []
    # The library's types speak of single edges here, whichever kind of graph it is.
    neighbors: Any
    for subject, neighbors in graph.adjacency():
        start = place[subject]
        for object_, parallel in neighbors.items():
            ends = (start, place[object_])
            for record in peek(parallel):
                (arcs if record["directed"] else lines).append(ends)
    return ids, Skeleton(len(ids), arcs, lines)
