"""The breadth-first machine of one answer: hands out frontiers, absorbs what was told, does no I/O.

The filtered graph has an arc from u to v wherever the rule follows an edge from u to v, whichever
of the two told of the edge. `hop` is the distance in it from the nearest seed (from any member, of
a selection). A node nearer than `hops` is expanded once; what its sources tell may bring new nodes,
and may bring nodes already held nearer, which makes nodes behind them due. When a cap on nodes or
edges has cut, nothing more is expanded.

What a budget keeps out waits. `turn` begins the next page of the same answer, with the budget whole
again: first comes what waits, then whatever the budget left unasked, and last what failed. The
pages together hold what one page of an unlimited budget would, and none of it twice.

Within, nodes and edges go by texts, see `service.graph.claim`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import attrgetter, itemgetter

from connectors.model import Address, Edge, NodeId, Selection
from service.graph.admission import Place, admit
from service.graph.asked import Degree, Told
from service.graph.budget import Budget
from service.graph.claim import Named, Pool, join_claims, merge_claims, name_edges
from service.graph.extent import FAR, Extent
from service.graph.fan_out import FanOut
from service.graph.hearing import Hearing, concerned
from service.graph.merge import EdgeKey, MergedEdge
from service.graph.record import EdgeRecord
from service.graph.rule import Rule, Verdict
from service.graph.scribe import Scribe
from service.graph.waiting import Waiting


class Expansion:
    """State of one answer between two rounds of questions."""

    def __init__(self, *seeds: Address, hops: int, rule: Rule, budget: Budget) -> None:
        """Start from nodes, or from selections whose members are not known yet."""
        self.seeds = seeds
        self.hops = hops
        self.truncated: set[str] = set()
        self._rule = rule
        self._budget = budget
        self._extent, self._hearing = Extent(rule), Hearing(rule)
        self.hop, self.undecided = self._extent.hop, self._hearing.undecided
        # How many relations of each expanded node only its neighbors tell of; None: to be counted.
        self._unseen: Mapping[str, int] | None = None
        # Selections are asked before any node; what else is to be asked again comes after a turn.
        self._unasked: set[Address] = {seed for seed in seeds if isinstance(seed, Selection)}
        self._failed: set[Address] = set()
        # What no budget has let in yet: nodes that need no edge, edges, and neighbors by node and source.
        self._standing: dict[str, NodeId] = {seed.text: seed for seed in seeds if isinstance(seed, NodeId)}
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
        expanded = self._hearing.expanded
        near = [node for node, hop in self.hop.items() if hop < self.hops]
        due = [node for node in near if node.text not in expanded or node in self._unasked]
        if not due:
            # Last, so that a source which stays dead takes no call away from what is still to be found.
            return tuple(sorted(self._failed, key=str))
        nearest = min(self.hop[node] for node in due)
        return tuple(sorted((node for node in due if self.hop[node] == nearest), key=attrgetter("text")))

    def absorb(self, told: Mapping[Address, Sequence[Told]]) -> None:
        """Take in what the sources told of the frontier, all of it at once."""
        self._unasked.difference_update(told)
        self._failed.difference_update(told)
        for address, words in told.items():
            self._stand(self._hearing.hear(address, words=words))
        pool: Pool = {}
        for node, found in self._hearing.take():
            self._follow(node, found, pool)
        self._admit(pool)

    def preview(self, address: Address, word: Told) -> list[MergedEdge]:
        """Give the edges that one source's word will bring in, if the budget has room; changes nothing.

        What is kept of the whole frontier is decided when all of it is absorbed.
        """
        if isinstance(address, NodeId) and self.hop.get(address, self.hops) >= self.hops:
            return []
        found: dict[tuple[str, str], list[Edge]] = defaultdict(list)
        for edge in word.finding.listing.edges:
            for start in concerned(address, {edge.subject, edge.object}, word.members):
                if self._rule.judge(edge, at=start) is Verdict.FOLLOW:
                    found[start.text, edge.other_end(start).text].append(edge)
        kept: dict[str, int] = defaultdict(int)
        edges: Pool = {}
        for ends in sorted(found, key=itemgetter(1)):
            kept[ends[0]] += 1
            if kept[ends[0]] <= self._budget.fan_out:
                edges |= {name: (claim,) for name, claim in name_edges(found[ends], word=word)}
        return [merge_claims(claims) for claims in edges.values()]

    @property
    def edges(self) -> Mapping[EdgeKey, MergedEdge]:
        """Give the edges, everybody's word for each; put together anew each time."""
        return {edge.key: edge for edge in self.merged()}

    def merged(self, *, after: int = 0) -> Iterator[MergedEdge]:
        """Give the edges in the order in which they came in, without the first so many."""
        return map(merge_claims, islice(self._extent.edges.values(), after, None))

    def write_edges(self, scribe: Scribe) -> list[EdgeRecord]:
        """Write every edge, in the order in which they came in."""
        return scribe.write_claims(self._extent.edges.values(), ends=list(self._extent.nodes))

    def ends(self) -> Iterable[tuple[str, str]]:
        """Give the texts of subject and object of every edge."""
        return ((subject, object_) for subject, object_, *_ in self._extent.edges)

    def names(self) -> set[str | tuple[str, str]]:
        """Give the texts of all nodes, and of every edge those of its ends."""
        return {*self._extent.nodes, *self.ends()}

    def holds(self, edge: MergedEdge) -> bool:
        """Tell whether an edge is part of the answer."""
        subject, object_, *told = edge.key
        return (subject.text, object_.text, *told) in self._extent.edges

    @property
    def size(self) -> tuple[int, int]:
        """Give how many nodes and edges there are."""
        return len(self.hop), len(self._extent.edges)

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
        self._nodes_before, self._edges_before = self.size
        for address, outcomes in self._hearing.asked():
            if any(outcome.cut for outcome in outcomes.values()):
                self._unasked.add(address)
            elif any(outcome.passing for outcome in outcomes.values()):
                self._failed.add(address)
        pool: Pool = {}
        if not self._fan_out.turn(known=self._extent.edges.keys(), pool=pool):
            self.truncated.add("fan_out")
        if pool:
            self._admit(pool)
        else:
            self._let_in_waiting()

    def expansion_of(self, node: NodeId) -> str:
        """Say how far a node was expanded: `complete`, `boundary`, `cut` or `failed`."""
        if self.hop[node] >= self.hops:
            return "boundary"
        expanded = self._hearing.expanded.get(node.text)
        if expanded is None:
            return "cut"
        outcomes = set(expanded.outcomes.values())
        if any(not outcome.whole and not outcome.cut for outcome in outcomes):
            return "failed"
        waits = node.text in self._waiting or node.text in self._fan_out
        return "cut" if waits or any(outcome.cut for outcome in outcomes) else "complete"

    def degree_of(self, node: NodeId) -> Degree | None:
        """Say how many relations a node is known to have; None when nobody was asked about it."""
        expanded = self._hearing.expanded.get(node.text)
        if expanded is None or not expanded.outcomes or node not in self.hop:
            return None
        if self._unseen is None:
            # Its sources may not list what those of a neighbor do.
            seen = {text: each.seen for text, each in self._hearing.expanded.items()}
            self._unseen = self._extent.count_unseen(seen)
        known = len(expanded.seen) + self._unseen[node.text]
        whole = all(outcome.whole for outcome in expanded.outcomes.values())
        exact = whole and node.text not in self._hearing.unsure
        return Degree(max(known, expanded.total), exact=exact)

    def _stand(self, members: set[NodeId]) -> None:
        """Take nodes for members: they need no edge, and are where the answer starts."""
        for member in members:
            if member in self.hop:
                self._extent.stand(member)
            else:
                self._standing[member.text] = member

    def _follow(self, node: str, found: Mapping[str, Sequence[Named]], pool: Pool) -> None:
        """Put an expanded node's relations into the pool, as far as its fan-out goes."""
        if self.hops == 0:
            return
        for source, named in found.items():
            if not self._fan_out.follow(node, source, named, pool=pool):
                self.truncated.add("fan_out")

    def _admit(self, pool: Pool) -> None:
        """Take in of the pool, and of what waits, as much as fits; the rest waits."""
        extent = self._extent
        for name in pool.keys() & extent.edges.keys():
            extent.join(name, claims=pool.pop(name))
        node_room, edge_room = self._room()
        found = self._found(pool)
        if not self._waiting and len(found) <= node_room and len(pool) <= edge_room:
            # There is nothing to choose.
            self._take_in(found, edges=pool)
            return
        for name, claims in self._waiting.empty().items():
            pool[name] = join_claims(claims, pool[name]) if name in pool else claims
        found = self._found(pool)
        admission = admit(
            {name: name for name in pool},
            self._places(pool),
            standing=frozenset(self._standing),
            node_room=node_room,
            edge_room=edge_room,
        )
        self.truncated |= admission.truncated
        edges = {name: pool[name] for name in admission.edges}
        self._take_in({text: found[text] for text in admission.nodes}, edges=edges)
        self._waiting.replace({name: pool[name] for name in admission.refused}, nodes=admission.left)

    def _let_in_waiting(self) -> None:
        """Take in of what waits as much as fits, where nothing new was told."""
        node_room, edge_room = self._room()
        taken = self._waiting.take(held=self._extent.nodes, node_room=node_room, edge_room=edge_room)
        self.truncated |= taken.truncated
        found = self._found(taken.edges)
        self._take_in({text: found[text] for text in taken.nodes}, edges=taken.edges)

    def _room(self) -> tuple[int, int]:
        """Give how many nodes and edges more this page may hold."""
        nodes, edges = self.size
        node_room = self._budget.max_nodes - (nodes - self._nodes_before)
        return node_room, self._budget.max_edges - (edges - self._edges_before)

    def _take_in(self, nodes: Mapping[str, NodeId], *, edges: Pool) -> None:
        for text in sorted(self._standing.keys() & nodes.keys()):
            self._extent.stand(self._standing.pop(text))
        self._extent.take(nodes.values(), edges=edges)
        self._unseen = None

    def _found(self, pool: Pool) -> dict[str, NodeId]:
        """Give the new nodes: those that need no edge, and those that these edges lead to."""
        held = self._extent.nodes
        found = dict(self._standing)
        for name, claims in pool.items():
            if name[0] not in held:
                found[name[0]] = claims[0][0].subject
            if name[1] not in held:
                found[name[1]] = claims[0][0].object
        return found

    def _places(self, pool: Pool) -> dict[str, Place]:
        """Give every new node its distance and address text: the order in which they come in."""
        near = dict.fromkeys(self._standing, 0)
        found: dict[str, int] = {}
        for subject, object_, *_ in pool:
            at, beside = self._extent.at(subject), self._extent.at(object_)
            if at is None and subject not in near:
                found[subject] = min(found.get(subject, FAR), (beside or 0) + 1)
            if beside is None and object_ not in near:
                found[object_] = min(found.get(object_, FAR), (at or 0) + 1)
        return {text: (hop, text) for text, hop in (near | found).items()}
