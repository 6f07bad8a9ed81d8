"""What no budget has let in yet, in the order in which it comes in on later pages.

The order is made when something is refused and kept until something new is told: so a page costs what
it lets in, however much waits.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from connectors.model import NodeId
from service.graph.merge import EdgeKey, MergedEdge


@dataclass(slots=True)
class Taken:
    """What was let in, in order, and which budgets kept out the rest."""

    nodes: list[NodeId] = field(default_factory=list)
    edges: list[MergedEdge] = field(default_factory=list)
    truncated: set[str] = field(default_factory=set)


class Waiting:
    """Edges, and nodes that need none, which wait for a page with room for them."""

    def __init__(self) -> None:
        """Start with nothing waiting."""
        self._nodes: deque[NodeId] = deque()
        self._edges: deque[EdgeKey] = deque()
        self._held: dict[EdgeKey, MergedEdge] = {}
        self._ends: Counter[NodeId] = Counter()

    def __contains__(self, node: NodeId) -> bool:
        """Tell whether a relation of the node waits."""
        return self._ends[node] > 0

    def replace(self, edges: Iterable[MergedEdge], *, nodes: Iterable[NodeId]) -> None:
        """Let these wait and nothing else, in this order; the nodes come before all edges."""
        self._held = {edge.key: edge for edge in edges}
        self._edges = deque(self._held)
        self._nodes = deque(nodes)
        self._ends = Counter(end for key in self._held for end in set(key[:2]))

    def empty(self) -> list[MergedEdge]:
        """Give all edges, which then wait no more."""
        edges = list(self._held.values())
        self.replace((), nodes=())
        return edges

    def take(self, *, held: Collection[NodeId], node_room: int, edge_room: int) -> Taken:
        """Let in as much as there is room for; `held` are the nodes of the answer."""
        taken = Taken()
        joined: set[NodeId] = set()
        while self._nodes:
            if self._nodes[0] in held:
                self._nodes.popleft()
            elif len(taken.nodes) < node_room:
                node = self._nodes.popleft()
                taken.nodes.append(node)
                joined.add(node)
            else:
                taken.truncated.add("max_nodes")
                return taken
        while self._edges:
            key = self._edges[0]
            new = {end for end in key[:2] if end not in held and end not in joined}
            if len(taken.nodes) + len(new) > node_room:
                taken.truncated.add("max_nodes")
                return taken
            if len(taken.edges) == edge_room:
                taken.truncated.add("max_edges")
                return taken
            self._edges.popleft()
            taken.edges.append(self._held.pop(key))
            self._ends.subtract(set(key[:2]))
            taken.nodes += sorted(new, key=str)
            joined |= new
        return taken
