"""What an answer holds: its nodes with their hops, and its edges by name with who claims them.

`hop` is the distance from the nearest node that stands at 0, over the arcs of the edges held: from u
to v wherever the rule follows an edge from u to v. An edge found late may bring nodes nearer, and what
lies behind them; that is rare, so the arcs by node are put together only when it has happened.
"""

from collections import defaultdict, deque
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import islice

from connectors.model import NodeId
from service.graph.claim import Claims, EdgeName, Pool, join_claims, merge_claims
from service.graph.rule import Rule

FAR = 1 << 30
"""Farther than any hop, until an edge says how near."""


class Extent:
    """Nodes and edges, which are only added; `nodes` has the address of each text."""

    def __init__(self, rule: Rule) -> None:
        """Start with nothing."""
        self.hop: dict[NodeId, int] = {}
        self.nodes: dict[str, NodeId] = {}
        self.edges: dict[EdgeName, Claims] = {}
        self._rule = rule
        self._is_even = rule.is_even
        # The hops by texts: of each edge both ends are looked up. And whose hop is not told of yet.
        self._hop: dict[str, int] = {}
        self._moved: dict[str, None] = {}
        self._arcs: dict[str, list[str]] = defaultdict(list)
        self._arcs_of = 0
        # Edges from nodes that nothing has reached yet.
        self._early: list[EdgeName] = []

    def at(self, text: str) -> int | None:
        """Give the hop of a node by its text; None when it is not held."""
        return self._hop.get(text)

    def stand(self, node: NodeId) -> None:
        """Have a node held at hop 0, be it new or not."""
        held = self._hop.get(node.text)
        self.nodes.setdefault(node.text, node)
        self._hop[node.text] = 0
        self._moved[node.text] = None
        if held:
            self._spread(deque([node.text]))
        self._tell()

    def take(self, nodes: Iterable[NodeId], *, edges: Pool) -> None:
        """Take in new nodes, and new edges that lead to them; both ends of each edge are held then."""
        # Who stands is held already.
        new = {node.text: node for node in nodes if node.text not in self._hop}
        self.nodes.update(new)
        self._hop.update(dict.fromkeys(new, FAR))
        self._moved.update(dict.fromkeys(new))
        self.edges.update(edges)
        left: list[EdgeName] = [*self._early, *edges]
        # An edge to be followed from a new node may come before the one that reaches the node.
        while left and len(early := self._relax(left)) < len(left):
            left = early
        self._early = left
        self._tell()

    def join(self, name: EdgeName, *, claims: Claims) -> None:
        """Add claims about an edge that is held."""
        self.edges[name] = join_claims(self.edges[name], claims)

    def count_unseen(self, seen: Mapping[str, Container[EdgeName]]) -> dict[str, int]:
        """Count, for each of these nodes, the edges that lead from it and are not among those seen there."""
        unseen = dict.fromkeys(seen, 0)
        for name in self.edges:
            # A loop has one end, and is one edge.
            for start in name[:2] if name[0] != name[1] else name[:1]:
                if start in unseen and name not in seen[start]:
                    unseen[start] += any(way[0] == start for way in self._ways(name))
        return unseen

    def _tell(self) -> None:
        moved = map(self.nodes.__getitem__, self._moved)
        self.hop.update(zip(moved, map(self._hop.__getitem__, self._moved), strict=True))
        self._moved.clear()

    def _ways(self, name: EdgeName) -> Sequence[tuple[str, str]]:
        """Give from which end to which an edge leads."""
        if not self._is_even:
            ways = self._rule.ways(merge_claims(self.edges[name]))
            return [(start.text, end.text) for start, end in ways]
        subject, object_, *_ = name
        return ((subject, object_), (object_, subject))

    def _relax(self, names: Iterable[EdgeName]) -> list[EdgeName]:
        """Set the hops of new nodes and correct those of others; gives the edges that came too early."""
        nearer: deque[str] = deque()
        early = self._relax_even(names, nearer) if self._is_even else self._relax_odd(names, nearer)
        self._spread(nearer)
        return early

    def _relax_even(self, names: Iterable[EdgeName], nearer: deque[str]) -> list[EdgeName]:
        """Do so where every edge leads both ways, as nearly everywhere: from its nearer end to the other."""
        hop, moved = self._hop, self._moved
        early: list[EdgeName] = []
        for name in names:
            start, end = name[0], name[1]
            near, held = hop[start], hop[end]
            if near > held:
                start, end, near, held = end, start, held, near
            if near + 1 < held:
                hop[end], moved[end] = near + 1, None
                if held != FAR:
                    nearer.append(end)
            elif near == FAR:
                early.append(name)
        return early

    def _relax_odd(self, names: Iterable[EdgeName], nearer: deque[str]) -> list[EdgeName]:
        """Do so where the rule has to say which ways each edge leads."""
        hop, moved = self._hop, self._moved
        early: list[EdgeName] = []
        for name in names:
            ways = self._ways(name)
            for start, end in ways:
                reached, held = hop[start] + 1, hop[end]
                if reached < held:
                    hop[end], moved[end] = reached, None
                    if held != FAR:
                        nearer.append(end)
            if ways and FAR in (hop[ways[0][0]], hop[ways[-1][0]]):
                early.append(name)
        return early

    def _spread(self, nearer: deque[str]) -> None:
        """Bring near what lies behind nodes that have come nearer."""
        if nearer:
            self._complete_arcs()
        hop, moved = self._hop, self._moved
        while nearer:
            start = nearer.popleft()
            reached = hop[start] + 1
            for end in self._arcs[start]:
                if reached < hop[end]:
                    hop[end], moved[end] = reached, None
                    nearer.append(end)

    def _complete_arcs(self) -> None:
        for name in islice(self.edges, self._arcs_of, None):
            for start, end in self._ways(name):
                self._arcs[start].append(end)
        self._arcs_of = len(self.edges)
