"""What no budget has let in yet, in the order in which it comes in on later pages.

The order is made when something is refused and kept until something new is told: so a page costs what
it lets in, however much waits.
"""

from collections import Counter, deque
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from service.graph.claim import EdgeName, Pool


@dataclass(slots=True)
class Taken:
    """What was let in, in order, and which budgets kept out the rest."""

    nodes: list[str] = field(default_factory=list)
    edges: Pool = field(default_factory=dict)
    truncated: set[str] = field(default_factory=set)


class Waiting:
    """Edges, and nodes that need none, which wait for a page with room for them; all by their texts."""

    def __init__(self) -> None:
        """Start with nothing waiting."""
        self._nodes: deque[str] = deque()
        self._edges: deque[EdgeName] = deque()
        self._held: Pool = {}
        self._ends: Counter[str] = Counter()

    def __contains__(self, node: str) -> bool:
        """Tell whether a relation of the node waits."""
        return self._ends[node] > 0

    def __bool__(self) -> bool:
        """Tell whether anything waits."""
        return bool(self._nodes or self._held)

    def replace(self, edges: Pool, *, nodes: Iterable[str]) -> None:
        """Let these wait and nothing else, in this order; the nodes come before all edges."""
        self._held = edges
        self._edges = deque(edges)
        self._nodes = deque(nodes)
        self._ends = Counter(end for name in edges for end in set(name[:2]))

    def empty(self) -> Pool:
        """Give all edges, which then wait no more."""
        edges = self._held
        self.replace({}, nodes=())
        return edges

    def take(self, *, held: Container[str], node_room: int, edge_room: int) -> Taken:
        """Let in as much as there is room for; `held` are the nodes of the answer."""
        taken = Taken()
        joined: set[str] = set()
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
            name = self._edges[0]
            new = {end for end in name[:2] if end not in held and end not in joined}
            if len(taken.nodes) + len(new) > node_room:
                taken.truncated.add("max_nodes")
                return taken
            if len(taken.edges) == edge_room:
                taken.truncated.add("max_edges")
                return taken
            self._edges.popleft()
            taken.edges[name] = self._held.pop(name)
            self._ends.subtract(set(name[:2]))
            taken.nodes += sorted(new)
            joined |= new
        return taken
