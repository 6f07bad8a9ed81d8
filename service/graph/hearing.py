"""What was told in one answer, by the node it is told of: how asking ended, and what may be followed.

A relation that leads nowhere from the node asked may be one of its other end, which need not list it
itself; it is kept for when that end is expanded. Nodes and edges go by texts, see `service.graph.claim`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.model import Address, Edge, NodeId, Outcome, Selection
from service.graph.asked import Told
from service.graph.claim import EdgeName, Named, name_edges
from service.graph.merge import EdgeKey, edge_key
from service.graph.rule import Rule, Verdict

Outcomes = dict[tuple[str, Address], Outcome]
"""By whom and under which address something was asked, how that ended."""
# Relations as one end may be led along them, and whose word they are.
_Heard = tuple[Verdict, Told, Sequence[Edge]]


@dataclass(slots=True)
class Expanded:
    """A node whose sources were asked: how that ended, and its relations as far as they are known.

    `total` is how many there are by the word of a source.
    """

    node: NodeId
    outcomes: Outcomes = field(default_factory=dict)
    total: int = 0
    seen: set[EdgeName] = field(default_factory=set)


class Hearing:
    """What the sources have told so far.

    `expanded` are the nodes asked about, `undecided` by source the relations that nobody can judge, and
    `unsure` the nodes that have such.
    """

    def __init__(self, rule: Rule) -> None:
        """Start with nothing told."""
        self.expanded: dict[str, Expanded] = {}
        self.undecided: dict[str, set[EdgeKey]] = defaultdict(set)
        self.unsure: set[str] = set()
        self._rule = rule
        # Whether it leaves nothing out of a listing under its own filter.
        self._is_whole = Rule(filter=rule.filter) == rule
        self._is_plain = rule.is_plain
        self._selected: dict[Selection, Outcomes] = {}
        self._heard: dict[str, list[_Heard]] = defaultdict(list)

    def hear(self, address: Address, *, words: Sequence[Told]) -> set[NodeId]:
        """Take in what every source told of an address; gives the nodes that it makes members."""
        if isinstance(address, NodeId):
            expanded = self.expanded.setdefault(address.text, Expanded(address))
            expanded.total = max(expanded.total, self._total(words))
            outcomes = expanded.outcomes
        else:
            outcomes = self._selected.setdefault(address, {})
        outcomes |= {(word.source, word.finding.listing.address): word.finding.outcome for word in words}
        members: set[NodeId] = set()
        for word in words:
            if isinstance(address, NodeId):
                self._hear_of(address, word)
            else:
                members |= self._hear_of_members(address, word, outcomes)
        return members

    def asked(self) -> Iterator[tuple[Address, Outcomes]]:
        """Give who was asked about, and how that ended; of members their selection."""
        yield from self._selected.items()
        for expanded in self.expanded.values():
            # A member's relations are its selection's to ask for.
            if not any(isinstance(address, Selection) for _, address in expanded.outcomes):
                yield expanded.node, expanded.outcomes

    def take(self) -> Iterator[tuple[str, Mapping[str, Sequence[Named]]]]:
        """Give, by source, what is to be followed from each expanded node, and keep the rest."""
        for node in [node for node in self._heard if node in self.expanded]:
            found: dict[str, list[Named]] = defaultdict(list)
            for verdict, word, edges in self._heard.pop(node):
                if verdict is Verdict.FOLLOW:
                    found[word.source] += name_edges(edges, word=word)
                else:
                    self._doubt(node, word, edges)
            seen = self.expanded[node].seen
            for named in found.values():
                seen.update([name for name, _ in named])
            yield node, found

    def _hear_of(self, node: NodeId, word: Told) -> None:
        """Note what was told of one node; mostly that is what may be followed from it."""
        heard, edges = self._heard[node.text], word.finding.listing.edges
        if self._is_plain:
            heard.append((Verdict.FOLLOW, word, self._rule.followed(edges)))
            return
        for edge in edges:
            verdict = self._rule.judge(edge, at=node)
            if verdict is Verdict.FOLLOW:
                heard.append((verdict, word, (edge,)))
            elif verdict is Verdict.UNDECIDED:
                self._doubt(node.text, word, (edge,))
            else:
                for end, judged in self._led(edge, {edge.subject, edge.object} - {node}):
                    self._heard[end.text].append((judged, word, (edge,)))

    def _hear_of_members(self, selection: Selection, word: Told, outcomes: Outcomes) -> set[NodeId]:
        """Note what was told of a selection, and which members it has by that."""
        members: set[NodeId] = set()
        for edge in word.finding.listing.edges:
            ends = {edge.subject, edge.object}
            asked = concerned(selection, ends, word.members)
            led = self._led(edge, asked)
            for end, verdict in led or self._led(edge, ends - asked):
                if verdict is Verdict.UNDECIDED and end in asked:
                    self._doubt(end.text, word, (edge,))
                else:
                    self._heard[end.text].append((verdict, word, (edge,)))
            if any(verdict is Verdict.FOLLOW for _, verdict in led):
                members |= asked
                for member in asked - word.partial:
                    self.expanded.setdefault(member.text, Expanded(member, outcomes))
        return members

    def _led(self, edge: Edge, ends: Iterable[NodeId]) -> list[tuple[NodeId, Verdict]]:
        judged = [(end, self._rule.judge(edge, at=end)) for end in ends]
        return [(end, verdict) for end, verdict in judged if verdict is not Verdict.LEAVE]

    def _doubt(self, node: str, word: Told, edges: Iterable[Edge]) -> None:
        self.undecided[word.source].update(map(edge_key, edges))
        self.unsure.add(node)

    def _total(self, words: Iterable[Told]) -> int:
        # What a source says it has counts only where the rule leaves nothing of it out.
        if not self._is_whole:
            return 0
        listings = [word.finding.listing for word in words]
        totals = [each.total or 0 for each in listings if each.filter == self._rule.filter]
        return max(totals, default=0)


def concerned(address: Address, ends: set[NodeId], members: frozenset[NodeId] | None) -> set[NodeId]:
    """Give the ends of an edge that were asked about: the node, or the members of the selection."""
    if isinstance(address, NodeId):
        return {address}
    return {end for end in ends if (address.covers(end) if members is None else end in members)}
