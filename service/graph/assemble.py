"""What was found as the answer's JSON records, and as a networkx MultiDiGraph that holds them.

networkx is what the rest is defined on: node-link JSON is the node records in order and the edge
records in order of id, beside what the answer tells of itself; `networkx.node_link_graph` reads it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import isnan
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, cast

from connectors.model import Attributes, NodeFacts, NodeId, Value, encode_ref
from service.graph.asked import Degree
from service.graph.merge import EdgeKey, MergedEdge

if TYPE_CHECKING:
    import networkx as nx

Record = dict[str, Any]
Graph: TypeAlias = "nx.MultiDiGraph[str]"  # nodes and edge keys are their ids


@dataclass(frozen=True, slots=True)
class Order:
    """How the nodes of an answer are sorted: by a node field, or by an attribute of a source."""

    field: str = "id"
    source: str | None = None
    descending: bool = False


_BY_ID = Order()


class NodeTold(NamedTuple):
    """What is told of one node beside its edges: facts by source, and its other addresses."""

    facts: Mapping[str, NodeFacts]
    aliases: tuple[str, ...] = ()


class Found(Protocol):
    """What a machine has found, as far as it is part of the answer."""

    @property
    def hop(self) -> Mapping[NodeId, int]:
        """Give the nodes and their hops."""
        ...

    @property
    def edges(self) -> Mapping[EdgeKey, MergedEdge]:
        """Give the edges."""
        ...

    def expansion_of(self, node: NodeId) -> str:
        """Say how far a node was expanded."""
        ...

    def degree_of(self, node: NodeId) -> Degree | None:
        """Say how many relations a node is known to have."""
        ...


@dataclass(frozen=True, slots=True)
class Records:
    """Node records in the order asked for, edge records by id."""

    nodes: list[Record]
    edges: list[Record]


def assemble(found: Found, *, told: Callable[[NodeId], NodeTold], order: Order) -> Records:
    """Write everything found as records."""
    speakers = _speakers(found.edges)
    nodes = [node_record(found, node, told=told(node), speakers=speakers.get(node, ())) for node in found.hop]
    edges = [edge_record(edge) for edge in found.edges.values()]
    edges.sort(key=itemgetter("id"))
    return Records(_sorted(nodes, order), edges)


def _speakers(edges: Mapping[EdgeKey, MergedEdge]) -> Mapping[NodeId, frozenset[str]]:
    """Give the sources of each node's edges; most nodes share one set, and most answers have one source."""
    speakers: dict[NodeId, frozenset[str]] = {}
    alone: dict[str, frozenset[str]] = {}
    for key, edge in edges.items():
        for word in edge.provenance:
            names = alone.setdefault(word.source, frozenset((word.source,)))
            for end in (key[0], key[1]):
                held = speakers.setdefault(end, names)
                if held is not names:
                    speakers[end] = held | names
    return speakers


def as_graph(records: Records) -> Graph:
    """Put records into a graph; an end without a record, of an earlier page, is a node without one."""
    # No answer but one with measures is made of it: nobody else waits for 300 modules (ADR 0037).
    import networkx as nx  # noqa: PLC0415 - see above

    # `add_edges_from` costs 3 to 7 times as much: it copies every attribute record. These are the
    # dictionaries networkx itself keeps; both directions of an edge share one inner dictionary.
    graph: Any = nx.MultiDiGraph()
    held, successors, predecessors = graph._node, graph._succ, graph._pred  # noqa: SLF001 - see above
    for record in records.nodes:
        node = record["id"]
        held[node], successors[node], predecessors[node] = record, {}, {}
    for record in records.edges:
        subject, object_ = record["subject"], record["object"]
        for end in (subject, object_):
            if end not in held:
                held[end], successors[end], predecessors[end] = {}, {}, {}
        parallel = successors[subject].get(object_)
        if parallel is None:
            parallel = successors[subject][object_] = predecessors[object_][subject] = {}
        parallel[record["id"]] = record
    return cast("Graph", graph)


def node_record(found: Found, node: NodeId, *, told: NodeTold, speakers: Iterable[str]) -> Record:
    """Write one node; `speakers` are the sources of its edges."""
    address = node.text
    degree = found.degree_of(node)
    label = url = None
    attributes: dict[str, Record] = {}
    for name, facts in sorted(told.facts.items(), key=itemgetter(0)):
        label = label or facts.label
        url = url or facts.url
        attributes[name] = _plain(facts.attributes)
    return {
        "id": address,
        "ref": encode_ref(address),
        "namespace": node.namespace,
        "tenant": node.tenant,
        "type": node.type,
        "key": node.key,
        "label": label or node.key,
        "url": url or None,
        "hop": found.hop[node],
        "expansion": found.expansion_of(node),
        "known_degree": None
        if degree is None
        else {"value": degree.value, "relation": "eq" if degree.exact else "gte"},
        "attributes": attributes,
        "aliases": list(told.aliases),
        "sources": sorted({*speakers, *attributes}),
    }


def edge_record(edge: MergedEdge) -> Record:
    """Write one edge."""
    subject, object_, relation, directed, _ = edge.key
    return {
        "id": edge.id,
        "subject": subject.text,
        "object": object_.text,
        "relation": relation,
        "directed": directed,
        "created_at": _time(edge.created_at),
        "deleted_at": _time(edge.deleted_at),
        "deleted": edge.deleted,
        "provenance": [
            {
                "source": word.source,
                "record": word.record,
                "fetched_at": _time(word.fetched_at),
                "attributes": _plain(word.attributes) if word.attributes else {},
            }
            for word in edge.provenance
        ],
    }


def _sorted(nodes: list[Record], order: Order) -> list[Record]:
    nodes.sort(key=itemgetter("id"))
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


def _plain(attributes: Attributes) -> Record:
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
