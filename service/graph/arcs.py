"""The filtered graph as far as it was told: an arc wherever the rule follows a relation.

An arc leads from u to v if the rule, judging at u, follows a relation whose other end is v; which of
the two was asked about, and told of it, is nothing to the arc. So one listing serves a search that
goes along arcs and one that goes against them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.model import Address, Edge, NodeId
from service.graph.asked import Asked, Told
from service.graph.merge import EdgeKey, MergedEdge, assert_edge, merge_edges
from service.graph.reach import Reach
from service.graph.rule import Rule, Verdict

Arc = tuple[NodeId, NodeId]
Listed = tuple[str, EdgeKey]


@dataclass(slots=True)
class _Listed:
    """The relations of one node by one source: the arcs out of it and into it, by its neighbors."""

    out: dict[NodeId, list[MergedEdge]] = field(default_factory=lambda: defaultdict(list))
    into: dict[NodeId, list[MergedEdge]] = field(default_factory=lambda: defaultdict(list))


class Arcs:
    """What was told, kept as arcs, and as steps of the two sides that search over them.

    `asked` are the nodes asked about; of those `troubled` are not told of wholly, `spent` because calls
    or time ran out. `parallel` are the edges that make up an arc, `edges` everybody's word for each,
    `relations` the edges that the rule follows from a node.
    """

    def __init__(
        self,
        seed: NodeId,
        target: NodeId,
        *,
        rule: Rule,
        fan_out: int,
        cost: Callable[[NodeId], int],
        tells_all: Callable[[NodeId], bool],
        presumes: bool,
    ) -> None:
        """Start with nothing told; `fan_out` is kept per node, source and way."""
        self.asked: dict[NodeId, Asked] = {}
        self.troubled: set[NodeId] = set()
        self.spent: set[NodeId] = set()
        self.parallel: dict[Arc, set[EdgeKey]] = defaultdict(set)
        self.edges: dict[EdgeKey, MergedEdge] = {}
        self.relations: dict[NodeId, set[EdgeKey]] = defaultdict(set)
        self.forward = Reach(seed, far_end=target, asked=self.asked, cost=cost, tells_all=tells_all)
        self.backward = Reach(target, far_end=seed, asked=self.asked, cost=cost, tells_all=tells_all)
        self.sides = (self.forward, self.backward)
        self._rule = rule
        self._fan_out = fan_out
        # What each node itself was listed with, and what those who were asked first list of who was not yet.
        self._own: dict[NodeId, set[Listed]] = {}
        self._awaited: dict[NodeId, set[Listed]] = defaultdict(set)
        self._has_mutual = False
        self._is_lopsided = not presumes

    def absorb(self, told: Mapping[Address, Sequence[Told]]) -> None:
        """Take in all that the sources told of the nodes that were asked about."""
        for address, words in told.items():
            if isinstance(address, NodeId):
                self._hear(address, words)
        for side in self.sides:
            side.spread()

    @property
    def is_mutual(self) -> bool:
        """Tell whether relations are presumed to be listed by both ends.

        All are, of which both ends were asked about, and there are some.
        """
        return self._has_mutual and not self._is_lopsided

    def forget_spent(self) -> None:
        """Take every node that calls or time ran out over as not asked yet; what was told stays."""
        for node in self.spent:
            del self.asked[node]
            for side in self.sides:
                side.review(node)
        self.troubled -= self.spent
        self.spent.clear()

    def along(self, edge: MergedEdge) -> Iterator[Arc]:
        """Give the arcs that a held edge makes: one, or two where it is followed both ways."""
        plain = Edge(
            *edge.key,
            created_at=edge.created_at,
            deleted_at=edge.deleted_at,
            deleted=edge.deleted,
        )
        for start in {plain.subject, plain.object}:
            if self._rule.judge(plain, at=start) is Verdict.FOLLOW:
                yield start, plain.other_end(start)

    def _hear(self, node: NodeId, words: Sequence[Told]) -> None:
        asked = self.asked[node] = Asked.of(words, rule=self._rule)
        for nodes, belongs in ((self.troubled, not asked.whole), (self.spent, asked.cut)):
            (nodes.add if belongs else nodes.discard)(node)
        listed: dict[str, _Listed] = defaultdict(_Listed)
        self._own[node] = set()
        for word in words:
            for edge in word.finding.listing.edges:
                self._sort(node, edge, word, listed[word.source])
        for each in listed.values():
            for neighbor in self._kept(node, each.out, side=self.forward):
                self._add((node, neighbor), each.out[neighbor])
            for neighbor in self._kept(node, each.into, side=self.backward):
                self._add((neighbor, node), each.into[neighbor])
        if asked.whole:
            self._compare(node)
        for side in self.sides:
            side.review(node)

    def _sort(self, node: NodeId, edge: Edge, word: Told, listed: _Listed) -> None:
        """Put a relation of `node` where it leads, as seen from either end."""
        other = edge.other_end(node)
        asserted = assert_edge(edge, source=word.source, fetched_at=word.finding.listing.fetched_at)
        self._own[node].add((word.source, asserted.key))
        for start, end in {(node, other), (other, node)}:
            verdict = self._rule.judge(edge, at=start)
            if verdict is Verdict.UNDECIDED:
                self.forward.doubt(start, word.source, asserted.key)
                self.backward.doubt(end, word.source, asserted.key)
            elif verdict is Verdict.FOLLOW:
                self.relations[start].add(asserted.key)
                if start != end:
                    (listed.out if start == node else listed.into)[other].append(asserted)

    def _compare(self, node: NodeId) -> None:
        """Note of which relations of the node both ends have been asked, and whether both list them."""
        for listed in self._own[node]:
            subject, object_, *_ = listed[1]
            other = object_ if subject == node else subject
            if other == node:
                continue
            if other in self.asked and self.asked[other].whole:
                self._note(mutual=listed in self._own[other])
            else:
                self._awaited[other].add(listed)
        for listed in self._awaited.pop(node, ()):
            self._note(mutual=listed in self._own[node])

    def _note(self, *, mutual: bool) -> None:
        if mutual:
            self._has_mutual = True
        else:
            self._is_lopsided = True

    def _kept(self, node: NodeId, found: dict[NodeId, list[MergedEdge]], *, side: Reach) -> Sequence[NodeId]:
        if len(found) <= self._fan_out:
            return tuple(found)
        side.cut.add(node)
        return sorted(found, key=str)[: self._fan_out]

    def _add(self, arc: Arc, edges: Sequence[MergedEdge]) -> None:
        for edge in edges:
            held = self.edges.get(edge.key)
            self.edges[edge.key] = edge if held is None else merge_edges(held, edge)
            self.parallel[arc].add(edge.key)
        start, end = arc
        self.forward.learn(start, end)
        self.backward.learn(end, start)
