"""The breadth-first machine of one answer: hands out frontiers, absorbs what was told, does no I/O.

The filtered graph has an arc from u to v wherever the rule follows an edge from u to v, whichever
of the two told of the edge. `hop` is the distance in it from the nearest seed (from any member, of
a selection). A node nearer than `hops` is expanded once; what its sources tell may bring new nodes,
and may bring nodes already held nearer, which makes nodes behind them due. When a cap on nodes or
edges has cut, nothing more is expanded.

What a budget keeps out waits. `turn` begins the next page of the same answer, with the budget whole
again: first comes what waits, then whatever the budget left unasked, and last what failed. The
pages together hold what one page of an unlimited budget would, and none of it twice.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.model import Address, Edge, NodeId, Outcome, Selection
from service.graph.admission import Place, admit
from service.graph.asked import Degree, Told
from service.graph.budget import Budget
from service.graph.fan_out import FanOut, Neighbors
from service.graph.merge import EdgeKey, MergedEdge, assert_edge, edge_key, merge_edges, put_edge
from service.graph.rule import Rule, Verdict
from service.graph.waiting import Waiting

# Farther than any hop, until an edge says how near.
_FAR = 1 << 30


# A relation as one end may be led along it, and whose word it is.
_Heard = tuple[Verdict, Told, Edge]
# By whom and under which address something was asked, how that ended.
_Outcomes = dict[tuple[str, Address], Outcome]


@dataclass(slots=True)
class _Expanded:
    """A node whose sources were asked: how that ended, and its relations as far as they are known.

    `total` is how many there are by the word of a source.
    """

    outcomes: _Outcomes = field(default_factory=dict)
    total: int = 0
    seen: set[EdgeKey] = field(default_factory=set)


class Expansion:
    """State of one answer between two rounds of questions."""

    def __init__(self, *seeds: Address, hops: int, rule: Rule, budget: Budget) -> None:
        """Start from nodes, or from selections whose members are not known yet."""
        self.seeds = seeds
        self.hops = hops
        self.hop: dict[NodeId, int] = {}
        self.edges: dict[EdgeKey, MergedEdge] = {}
        self.truncated: set[str] = set()
        self.undecided: dict[str, set[EdgeKey]] = defaultdict(set)
        self._rule = rule
        self._budget = budget
        self._expanded: dict[NodeId, _Expanded] = {}
        self._heard: dict[NodeId, list[_Heard]] = defaultdict(list)
        self._unsure: set[NodeId] = set()
        self._arcs: dict[NodeId, list[tuple[NodeId, EdgeKey]]] = defaultdict(list)
        # Selections are asked before any node; what else is to be asked again comes after a turn.
        self._selected: dict[Selection, _Outcomes] = {}
        self._unasked: set[Address] = {seed for seed in seeds if isinstance(seed, Selection)}
        self._failed: set[Address] = set()
        # What no budget has let in yet: nodes that need no edge, edges, and neighbors by node and source.
        self._standing: set[NodeId] = {seed for seed in seeds if isinstance(seed, NodeId)}
        self._waiting = Waiting()
        self._fan_out = FanOut(budget.fan_out)
        self._nodes_before = self._edges_before = 0
        self._admit({})

    def frontier(self) -> tuple[Address, ...]:
        """Give the addresses to ask about next, ascending; () when this page is at its end."""
        if not self.truncated.isdisjoint({"max_nodes", "max_edges"}):
            return ()
        if selections := [each for each in self._unasked if isinstance(each, Selection)]:
            return tuple(sorted(selections, key=str))
        due = [
            node
            for node, hop in self.hop.items()
            if hop < self.hops and (node not in self._expanded or node in self._unasked)
        ]
        nearest = min((self.hop[node] for node in due), default=0)
        due = [node for node in due if self.hop[node] == nearest]
        # Last, so that a source which stays dead takes no call away from what is still to be found.
        return tuple(sorted(due or self._failed, key=str))

    def absorb(self, told: Mapping[Address, Sequence[Told]]) -> None:
        """Take in what the sources told of the frontier, all of it at once."""
        self._unasked.difference_update(told)
        self._failed.difference_update(told)
        for address, words in told.items():
            self._hear(address, words)
        pool: dict[EdgeKey, MergedEdge] = {}
        for node in self._heard.keys() & self._expanded.keys():
            self._follow(node, self._heard.pop(node), pool)
        self._admit(pool)

    def preview(self, address: Address, word: Told) -> list[MergedEdge]:
        """Give the edges that one source's word will bring in, if the budget has room; changes nothing.

        What is kept of the whole frontier is decided when all of it is absorbed.
        """
        if isinstance(address, NodeId) and self.hop.get(address, self.hops) >= self.hops:
            return []
        found: dict[tuple[NodeId, NodeId], list[MergedEdge]] = defaultdict(list)
        for edge in word.finding.listing.edges:
            for start in _concerned(address, {edge.subject, edge.object}, word.members):
                if self._rule.judge(edge, at=start) is Verdict.FOLLOW:
                    fetched_at = word.finding.listing.fetched_at
                    asserted = assert_edge(edge, source=word.source, fetched_at=fetched_at)
                    found[start, edge.other_end(start)].append(asserted)
        kept: dict[NodeId, int] = defaultdict(int)
        edges: dict[EdgeKey, MergedEdge] = {}
        for start, end in sorted(found, key=lambda ends: str(ends[1])):
            kept[start] += 1
            if kept[start] <= self._budget.fan_out:
                edges |= {edge.key: edge for edge in found[start, end]}
        return list(edges.values())

    @property
    def before(self) -> tuple[int, int]:
        """Give how many nodes and edges the earlier pages have brought."""
        return self._nodes_before, self._edges_before

    def has_room(self, *, nodes: int, edges: int) -> bool:
        """Tell whether so many nodes and edges more would fit on this page."""
        node_room, edge_room = self._room()
        return nodes <= node_room and edges <= edge_room

    def turn(self) -> None:
        """Begin the next page: the budget is whole again, and what it left undone is due."""
        self.truncated.clear()
        self._nodes_before, self._edges_before = len(self.hop), len(self.edges)
        for address, outcomes in self._asked():
            if any(outcome.cut for outcome in outcomes.values()):
                self._unasked.add(address)
            elif any(outcome.passing for outcome in outcomes.values()):
                self._failed.add(address)
        pool: dict[EdgeKey, MergedEdge] = {}
        if not self._fan_out.turn(known=self.edges.keys(), pool=pool):
            self.truncated.add("fan_out")
        if pool:
            self._admit(pool)
        else:
            self._let_in_waiting()

    def expansion_of(self, node: NodeId) -> str:
        """Say how far a node was expanded: `complete`, `boundary`, `cut` or `failed`."""
        if self.hop[node] >= self.hops:
            return "boundary"
        expanded = self._expanded.get(node)
        if expanded is None:
            return "cut"
        outcomes = set(expanded.outcomes.values())
        if any(not outcome.whole and not outcome.cut for outcome in outcomes):
            return "failed"
        cut = node in self._waiting or node in self._fan_out or any(outcome.cut for outcome in outcomes)
        return "cut" if cut else "complete"

    def degree_of(self, node: NodeId) -> Degree | None:
        """Say how many relations a node is known to have; None when nobody was asked about it."""
        expanded = self._expanded.get(node)
        if expanded is None or node not in self.hop or not expanded.outcomes:
            return None
        # Its sources may not list what those of a neighbor do.
        others = sum(key not in expanded.seen for _, key in self._arcs.get(node, ()))
        exact = node not in self._unsure and all(outcome.whole for outcome in expanded.outcomes.values())
        return Degree(max(len(expanded.seen) + others, expanded.total), exact=exact)

    def _asked(self) -> Iterable[tuple[Address, _Outcomes]]:
        yield from self._selected.items()
        for node, expanded in self._expanded.items():
            # A member's relations are its selection's to ask for.
            if not any(isinstance(address, Selection) for _, address in expanded.outcomes):
                yield node, expanded.outcomes

    def _hear(self, address: Address, words: Sequence[Told]) -> None:
        """Note which nodes this expands, and by node the relations that may be followed from it."""
        if isinstance(address, NodeId):
            expanded = self._expanded.setdefault(address, _Expanded())
            outcomes = expanded.outcomes
            expanded.total = max(expanded.total, self._total(words))
        else:
            outcomes = self._selected.setdefault(address, {})
        outcomes |= {(word.source, word.finding.listing.address): word.finding.outcome for word in words}
        for word in words:
            if isinstance(address, NodeId):
                self._hear_of(address, word)
                continue
            for edge in word.finding.listing.edges:
                ends = {edge.subject, edge.object}
                asked = _concerned(address, ends, word.members)
                led = self._led(edge, asked)
                # What leads nowhere from the node asked may be a relation of its other end, which
                # need not list it itself.
                for end, verdict in led or self._led(edge, ends - asked):
                    if verdict is Verdict.UNDECIDED and end in asked:
                        self._doubt(end, word, edge)
                    else:
                        self._heard[end].append((verdict, word, edge))
                if any(verdict is Verdict.FOLLOW for _, verdict in led):
                    for member in asked - word.partial:
                        self._expanded.setdefault(member, _Expanded(outcomes))
                    self._stand(asked)

    def _hear_of(self, node: NodeId, word: Told) -> None:
        """Note what was told of one node; mostly that is what may be followed from it."""
        heard = self._heard[node]
        for edge in word.finding.listing.edges:
            verdict = self._rule.judge(edge, at=node)
            if verdict is Verdict.FOLLOW:
                heard.append((verdict, word, edge))
            elif verdict is Verdict.UNDECIDED:
                self._doubt(node, word, edge)
            else:
                # It may be a relation of its other end, as in `_hear`.
                for end, judged in self._led(edge, {edge.subject, edge.object} - {node}):
                    self._heard[end].append((judged, word, edge))

    def _stand(self, members: set[NodeId]) -> None:
        """Take nodes for members: they need no edge, and are where the answer starts."""
        self._standing |= members - self.hop.keys()
        for member in members & self.hop.keys():
            if self.hop[member] > 0:
                self.hop[member] = 0
                self._spread(deque([member]))

    def _led(self, edge: Edge, ends: Iterable[NodeId]) -> list[tuple[NodeId, Verdict]]:
        judged = [(end, self._rule.judge(edge, at=end)) for end in ends]
        return [(end, verdict) for end, verdict in judged if verdict is not Verdict.LEAVE]

    def _doubt(self, node: NodeId, word: Told, edge: Edge) -> None:
        self.undecided[word.source].add(edge_key(edge))
        self._unsure.add(node)

    def _total(self, words: Iterable[Told]) -> int:
        # What a source says it has counts only where the rule leaves nothing of it out.
        listings = (word.finding.listing for word in words)
        totals = (each.total or 0 for each in listings if Rule(filter=each.filter) == self._rule)
        return max(totals, default=0)

    def _follow(self, node: NodeId, heard: Iterable[_Heard], pool: dict[EdgeKey, MergedEdge]) -> None:
        """Put an expanded node's relations into the pool, as far as its fan-out goes."""
        neighbors: dict[str, Neighbors] = defaultdict(lambda: defaultdict(list))
        seen = self._expanded[node].seen
        for verdict, word, edge in heard:
            if verdict is Verdict.UNDECIDED:
                self._doubt(node, word, edge)
                continue
            asserted = assert_edge(edge, source=word.source, fetched_at=word.finding.listing.fetched_at)
            seen.add(asserted.key)
            neighbors[word.source][edge.other_end(node)].append(asserted)
        if self.hops == 0:
            return
        for source, found in neighbors.items():
            if not self._fan_out.follow(node, source, found, pool=pool):
                self.truncated.add("fan_out")

    def _admit(self, pool: dict[EdgeKey, MergedEdge]) -> None:
        """Take in of the pool, and of what waits, as much as fits; the rest waits."""
        for key in pool.keys() & self.edges.keys():
            self.edges[key] = merge_edges(self.edges[key], pool.pop(key))
        for edge in self._waiting.empty():
            put_edge(pool, edge)
        node_room, edge_room = self._room()
        admission = admit(
            pool,
            self._places(pool),
            standing=frozenset(self._standing),
            node_room=node_room,
            edge_room=edge_room,
        )
        self.truncated |= admission.truncated
        self._take_in(admission.nodes, admission.edges)
        self._waiting.replace((pool[key] for key in admission.refused), nodes=admission.left)

    def _let_in_waiting(self) -> None:
        """Take in of what waits as much as fits, where nothing new was told."""
        node_room, edge_room = self._room()
        taken = self._waiting.take(held=self.hop, node_room=node_room, edge_room=edge_room)
        self.truncated |= taken.truncated
        self._take_in(taken.nodes, taken.edges)

    def _room(self) -> tuple[int, int]:
        """Give how many nodes and edges more this page may hold."""
        nodes = self._budget.max_nodes - (len(self.hop) - self._nodes_before)
        return nodes, self._budget.max_edges - (len(self.edges) - self._edges_before)

    def _take_in(self, nodes: Iterable[NodeId], edges: Iterable[MergedEdge]) -> None:
        for node in nodes:
            self.hop[node] = 0 if node in self._standing else _FAR
            self._standing.discard(node)
        for edge in edges:
            self.edges[edge.key] = edge
            self._relax(edge)

    def _places(self, pool: Iterable[EdgeKey]) -> dict[NodeId, Place]:
        """Give every new node its distance and address text: the order in which they come in."""
        near: dict[NodeId, int] = dict.fromkeys(self._standing, 0)
        found: dict[NodeId, int] = {}
        for subject, object_, *_ in pool:
            at, beside = self.hop.get(subject), self.hop.get(object_)
            if at is None and not (near and subject in near):
                found[subject] = min(found.get(subject, _FAR), (beside or 0) + 1)
            if beside is None and not (near and object_ in near):
                found[object_] = min(found.get(object_, _FAR), (at or 0) + 1)
        return {node: (hop, node.text) for node, hop in (near | found).items()}

    def _relax(self, edge: MergedEdge) -> None:
        # An edge found late may lead to a node by a shorter way than the one that found it.
        nearer: deque[NodeId] = deque()
        for start, end in self._rule.ways(edge):
            arc = (end, edge.key)
            self._arcs[start].append(arc)
            self._shorten(self.hop[start] + 1, (arc,), nearer)
        if nearer:
            self._spread(nearer)

    def _spread(self, nearer: deque[NodeId]) -> None:
        while nearer:
            start = nearer.popleft()
            self._shorten(self.hop[start] + 1, self._arcs[start], nearer)

    def _shorten(self, hop: int, arcs: Iterable[tuple[NodeId, EdgeKey]], nearer: deque[NodeId]) -> None:
        """Bring the ends of these arcs as near as this, where they are farther away."""
        held = self.hop
        for end, _ in arcs:
            if hop < held[end]:
                held[end] = hop
                nearer.append(end)


def _concerned(address: Address, ends: set[NodeId], members: frozenset[NodeId] | None) -> set[NodeId]:
    """Give the ends of an edge that were asked about: the node, or the members of the selection."""
    if isinstance(address, NodeId):
        return {address}
    return {end for end in ends if (address.covers(end) if members is None else end in members)}
