"""What was found as the answer's JSON records, and as a networkx MultiDiGraph that holds them.

networkx is what the rest is defined on: node-link JSON is the node records in order and the edge
records in order of id, beside what the answer tells of itself; `networkx.node_link_graph` reads it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import isnan
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, cast

from connectors.model import Attributes, NodeFacts, NodeId, Value, encode_ref
from service.graph.asked import Degree
from service.graph.merge import Assertion, Frames, MergedEdge, edge_id
from service.graph.record import EdgeRecord, NodeRecord, Record, WordRecord, plain

if TYPE_CHECKING:
    import networkx as nx

Graph: TypeAlias = "nx.MultiDiGraph[str]"  # nodes and edge keys are their ids


@dataclass(frozen=True, slots=True)
class Order:
    """How the nodes of an answer are sorted: by a node field, or by an attribute of a source."""

    field: str = "id"
    source: str | None = None
    descending: bool = False


_BY_ID = Order()
_NOBODY: frozenset[str] = frozenset()


class NodeTold(NamedTuple):
    """What is told of one node beside its edges: facts by source, and its other addresses."""

    facts: Mapping[str, NodeFacts]
    aliases: tuple[str, ...] = ()


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


class Found(Progress, Protocol):
    """What a machine has found, as far as it is part of the answer."""

    def merged(self) -> Iterable[MergedEdge]:
        """Give the edges, everybody's word for each."""
        ...


@dataclass(frozen=True, slots=True)
class Records:
    """Node records in the order asked for, edge records by id."""

    nodes: Sequence[Record]
    edges: Sequence[Record]


def assemble(found: Found, *, told: Callable[[NodeId], NodeTold], order: Order) -> Records:
    """Write everything found as records."""
    writer = _Writer()
    edges = [writer.write(edge) for edge in found.merged()]
    edges.sort(key=attrgetter("id"))
    nodes = [
        node_record(found, node, told=told(node), speakers=writer.speakers.get(node.text, _NOBODY))
        for node in found.hop
    ]
    return Records(_sorted(nodes, order), edges)


def as_graph(records: Records) -> Graph:
    """Put records into a graph; an end without a record, of an earlier page, is a node without one."""
    # No answer but one with measures is made of it: nobody else waits for 300 modules (ADR 0037).
    import networkx as nx  # noqa: PLC0415 - see above

    # `add_edges_from` costs 3 to 7 times as much: it copies every attribute record. These are the
    # dictionaries networkx itself keeps; both directions of an edge share one inner dictionary.
    graph: Any = nx.MultiDiGraph()
    held, successors, predecessors = graph._node, graph._succ, graph._pred  # noqa: SLF001 - see above
    for record in map(plain, records.nodes):
        node = record["id"]
        held[node], successors[node], predecessors[node] = record, {}, {}
    for record in map(plain, records.edges):
        subject, object_ = record["subject"], record["object"]
        for end in (subject, object_):
            if end not in held:
                held[end], successors[end], predecessors[end] = {}, {}, {}
        parallel = successors[subject].get(object_)
        if parallel is None:
            parallel = successors[subject][object_] = predecessors[object_][subject] = {}
        parallel[record["id"]] = record
    return cast("Graph", graph)


def node_record(found: Progress, node: NodeId, *, told: NodeTold, speakers: Collection[str]) -> NodeRecord:
    """Write one node; `speakers` are the sources of its edges."""
    address, key = node.text, node.key
    degree = found.degree_of(node)
    label = url = None
    attributes: dict[str, dict[str, Any]] = {}
    for name in sorted(told.facts):
        facts = told.facts[name]
        label = label or facts.label
        url = url or facts.url
        attributes[name] = _plain(facts.attributes)
    return NodeRecord(
        address,
        encode_ref(address),
        node.namespace,
        node.tenant,
        node.type,
        key,
        label or key,
        url or None,
        found.hop[node],
        found.expansion_of(node),
        None if degree is None else {"value": degree.value, "relation": "eq" if degree.exact else "gte"},
        attributes,
        list(told.aliases),
        sorted(attributes.keys() | speakers),
    )


def edge_record(edge: MergedEdge) -> EdgeRecord:
    """Write one edge."""
    return _Writer().write(edge)


class _Writer:
    """Writes edges; what many of them share is written once.

    `speakers` has by text the sources of each node's edges; most nodes share one set of them.
    """

    def __init__(self) -> None:
        self.speakers: dict[str, frozenset[str]] = {}
        self._frames = Frames()
        self._alone: dict[str, frozenset[str]] = {}
        self._bare: dict[tuple[str, datetime], list[WordRecord]] = {}

    def write(self, edge: MergedEdge) -> EdgeRecord:
        key, words = edge
        subject, object_ = key[0].text, key[1].text
        for word in words:
            self._note(subject, word.source)
            self._note(object_, word.source)
        created, deleted = edge.created_at, edge.deleted
        return EdgeRecord(
            edge_id(key, frames=self._frames),
            subject,
            object_,
            key[2],
            key[3],
            None if created is None else _time(created),
            _time(edge.deleted_at) if deleted else None,
            deleted,
            self._provenance(words),
        )

    def _note(self, end: str, source: str) -> None:
        names = self._alone.get(source)
        if names is None:
            names = self._alone[source] = frozenset((source,))
        held = self.speakers.setdefault(end, names)
        if held is not names:
            self.speakers[end] = held | names

    def _provenance(self, words: Sequence[Assertion]) -> list[WordRecord]:
        first = words[0]
        if len(words) > 1 or first.record is not None or first.attributes:
            return [_word(word) for word in words]
        # Of a source that tells nothing but the relation, whatever was listed together has one word.
        shared = self._bare.get((first.source, first.fetched_at))
        if shared is None:
            shared = self._bare[first.source, first.fetched_at] = [_word(first)]
        return shared


def _word(word: Assertion) -> WordRecord:
    return WordRecord(word.source, word.record, _time(word.fetched_at), _plain(word.attributes))


def _sorted(nodes: list[NodeRecord], order: Order) -> list[NodeRecord]:
    nodes.sort(key=attrgetter("id"))
    if order == _BY_ID:
        return nodes
    valued = [(_value(record, order), record) for record in nodes]
    present = [pair for pair in valued if pair[0] is not None]
    # A stable sort, and Python's stays so in reverse: equal values keep the order of their ids.
    present.sort(key=lambda pair: _rank(pair[0]), reverse=order.descending)
    return [record for _, record in present] + [record for value, record in valued if value is None]


def _value(record: Record, order: Order) -> Any:
    """Give what a node is sorted by; None when it is missing, as what is no number is in JSON."""
    if order.source is None:
        value = record[order.field]
        return value["value"] if isinstance(value, dict) else value
    value = record["attributes"].get(order.source, {}).get(order.field)
    return None if isinstance(value, float) and isnan(value) else value


def _rank(value: Any) -> tuple[int, Any]:
    # Values of one attribute may differ in kind from node to node: numbers come before text.
    if isinstance(value, bool | int | float):
        return 0, value
    return 1, value if isinstance(value, str) else str(value)


def _plain(attributes: Attributes) -> dict[str, Any]:
    return {
        name: [_listed(item) for item in value] if isinstance(value, tuple) else value
        for name, value in attributes
    }


def _listed(value: Value) -> Any:
    return [_listed(item) for item in value] if isinstance(value, tuple) else value


# Whatever one listing tells was fetched at one moment.
@lru_cache(maxsize=4096)
def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
