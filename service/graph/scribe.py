"""Writes the records of one answer; what many of them share is made once."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import compress, repeat
from operator import attrgetter
from typing import Any, Protocol

from msgspec import Raw, Struct

from connectors.model import Edge, NodeFacts, NodeId, encode_refs
from service.graph.asked import Degree, Told
from service.graph.claim import Claims, merge_claims
from service.graph.merge import Assertion, Frames, MergedEdge, edge_id
from service.graph.record import EdgeRecord, NodeRecord, WordRecord

_TEXT = attrgetter("text")
Settled = Callable[[Collection[NodeId]], Iterable[Raw | None]]
"""Gives the JSON of each of some nodes, None where it has not been written."""


# One for each node of an answer: a struct is made in a third of the time of a named tuple.
class NodeTold(Struct, frozen=True, gc=False):
    """What is told of one node beside its edges: facts by source, and its other addresses, ascending."""

    facts: Mapping[str, NodeFacts]
    aliases: Sequence[str] = ()


class Progress(Protocol):
    """How far a machine has come with its nodes."""

    @property
    def hop(self) -> Mapping[NodeId, int]:
        """Give the nodes and their hops."""
        ...

    def expansion_of(self, node: NodeId) -> str:
        """Say how far a node was expanded."""
        ...

    def degree_of(self, node: NodeId) -> Degree | None:
        """Say how many relations a node is known to have."""
        ...


class Scribe:
    """Writes edges first, and then nodes, which are told of by the sources of their edges, too."""

    def __init__(self) -> None:
        """Start with nothing written."""
        # By source the ends of its edges.
        self._ends: dict[str, set[str]] = defaultdict(set)
        # The sources of a node by whose edges it is an end of and whose facts it has: an answer has few such.
        self._sources: dict[tuple[tuple[bool, ...], tuple[str, ...]], list[str]] = {}
        self._bare: dict[tuple[str, datetime], list[WordRecord]] = {}
        self._frames = Frames()
        self._drafts: dict[int, tuple[Told, EdgeRecord]] = {}

    def write_edge(self, edge: MergedEdge) -> EdgeRecord:
        """Write an edge of any number of words."""
        subject, object_, relation, directed, record = edge.key
        for word in edge.provenance:
            self.note(subject.text, source=word.source)
            self.note(object_.text, source=word.source)
        return EdgeRecord(
            edge_id(subject.text, object_.text, relation, directed, record, frames=self._frames),
            subject.text,
            object_.text,
            relation,
            directed,
            _time(edge.created_at),
            _time(edge.deleted_at),
            edge.deleted,
            [_word(word) for word in edge.provenance],
        )

    def draft(self, word: Told) -> None:
        """Write ahead what one source asserts; no node is told of by it before the claim is written."""
        for edge in word.finding.listing.edges:
            self._drafts[id(edge)] = word, self._record(edge, word)

    def write_claims(self, edges: Iterable[Claims], *, ends: Sequence[str]) -> list[EdgeRecord]:
        """Write edges by what all sources assert of each; `ends` are the texts of their nodes."""
        self._frames.fill(ends)
        write_claim = self.write_claim
        return [
            write_claim(claims[0][0], word=claims[0][1])
            if len(claims) == 1
            else self.write_edge(merge_claims(claims))
            for claims in edges
        ]

    def write_claim(self, edge: Edge, *, word: Told) -> EdgeRecord:
        """Write an edge that one source alone asserts, as nearly all are."""
        self._ends[word.source].update((edge.subject.text, edge.object.text))
        if self._drafts:
            # The word holds its edges, so another one cannot have the identity of one of them.
            draft = self._drafts.get(id(edge))
            if draft is not None and draft[0] is word:
                return draft[1]
        return self._record(edge, word)

    def _record(self, edge: Edge, word: Told) -> EdgeRecord:
        subject, object_, record = edge.subject.text, edge.object.text, edge.record
        source, fetched_at = word.source, word.finding.listing.fetched_at
        if record is None and not edge.attributes:
            # Where nothing but the relation is told, whatever was listed together has one word.
            words = self._bare.get((source, fetched_at))
            if words is None:
                words = self._bare[source, fetched_at] = [WordRecord(source, None, _time(fetched_at), {})]
        else:
            words = [WordRecord(source, record, _time(fetched_at), dict(edge.attributes))]
        return EdgeRecord(
            edge_id(subject, object_, edge.relation, edge.directed, record, frames=self._frames),
            subject,
            object_,
            edge.relation,
            edge.directed,
            None if edge.created_at is None else _time(edge.created_at),
            _time(edge.deleted_at) if edge.deleted else None,
            edge.deleted,
            words,
        )

    def note(self, end: str, *, source: str) -> None:
        """Note that a source has told of an edge of this node."""
        self._ends[source].add(end)

    def write_nodes(
        self, nodes: Collection[NodeId], *, found: Progress, told: Callable[[NodeId], NodeTold]
    ) -> Iterator[NodeRecord]:
        """Write nodes, in their order, each when it is asked for."""
        # Some thousand times in an answer: whatever need not be looked up each time is not.
        known, degree_of = self._sources, found.degree_of
        texts = list(map(_TEXT, nodes))
        ends = [map(each.__contains__, texts) for each in self._ends.values()]
        spoken = zip(*ends, strict=True) if ends else repeat(())
        hops, states = map(found.hop.__getitem__, nodes), map(found.expansion_of, nodes)
        for node, address, ref, speakers, hop, state, said in zip(
            nodes, texts, encode_refs(texts), spoken, hops, states, map(told, nodes), strict=False
        ):
            facts_by_source = said.facts
            label = url = None
            attributes: dict[str, dict[str, Any]] = {}
            for name in sorted(facts_by_source) if len(facts_by_source) > 1 else facts_by_source:
                facts = facts_by_source[name]
                label = label or facts.label
                url = url or facts.url
                attributes[name] = dict(facts.attributes)
            tellers = tuple(attributes)
            sources = known.get((speakers, tellers))
            if sources is None:
                named = sorted({*compress(self._ends, speakers), *tellers})
                sources = known[speakers, tellers] = named
            key, degree = node.key, degree_of(node)
            yield NodeRecord(
                address,
                ref,
                node.namespace,
                node.tenant,
                node.type,
                key,
                label or key,
                url or None,
                hop,
                state,
                None if degree is None else _degree_record(degree),
                attributes,
                said.aliases,
                sources,
            )

    def give_nodes(
        self,
        nodes: Collection[NodeId],
        *,
        found: Progress,
        told: Callable[[NodeId], NodeTold],
        settled: Settled,
    ) -> Iterator[NodeRecord | Raw]:
        """Give nodes in their order, as JSON those that are `settled`, else as their records."""
        texts = list(settled(nodes))
        others = [node for node, text in zip(nodes, texts, strict=True) if text is None]
        left = self.write_nodes(others, found=found, told=told)
        return (next(left) if text is None else text for text in texts)


def _degree_record(degree: Degree) -> dict[str, Any]:
    return {"value": degree.value, "relation": "eq" if degree.exact else "gte"}


def _word(word: Assertion) -> WordRecord:
    return WordRecord(word.source, word.record, _time(word.fetched_at), dict(word.attributes))


# Whatever one listing tells was fetched at one moment.
@lru_cache(maxsize=4096)
def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
