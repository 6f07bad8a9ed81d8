"""What was found as the answer's JSON records, and as a networkx MultiDiGraph that holds them.

networkx is what the rest is defined on: node-link JSON is the node records in order and the edge
records in order of id, beside what the answer tells of itself; `networkx.node_link_graph` reads it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from math import isnan
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from connectors.model import NodeId
from service.graph.attributes import Attributes
from service.graph.merge import MergedEdge
from service.graph.record import EdgeRecord, NodeRecord, Record, listed
from service.graph.rows import Rows
from service.graph.scribe import NodeTold, Progress, Scribe, Settled

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
# Of more, what records are made of takes more memory than they do, and is let go of before they are told.
_MOST_ROWS = 10_000


class Found(Progress, Protocol):
    """What a machine has found, as far as it is part of the answer."""

    def write_edges(self, scribe: Scribe) -> list[EdgeRecord]:
        """Write every edge, in any order."""
        ...


@dataclass(frozen=True, slots=True)
class Records:
    """Node records in the order asked for, edge records by id."""

    nodes: Sequence[Record]
    edges: Sequence[EdgeRecord]


def assemble(
    found: Found,
    *,
    told: Callable[[NodeId], NodeTold],
    order: Order,
    scribe: Scribe | None = None,
    settled: Settled | None = None,
) -> Records:
    """Write everything found as records, nodes when they are read; a `scribe` may have drafted some.

    Nodes may be `settled` as the JSON that they will be.
    """
    scribe = scribe or Scribe()
    edges = found.write_edges(scribe)
    edges.sort(key=attrgetter("id"))
    ordered = sorted(found.hop, key=attrgetter("text"))
    write = partial(scribe.write_nodes, ordered, found=found, told=told)
    if order != _BY_ID:
        return Records(_sorted(write(), order), edges)
    if len(ordered) > _MOST_ROWS:
        return Records(list(write()), edges)
    give = settled and partial(scribe.give_nodes, ordered, found=found, told=told, settled=settled)
    return Records(Rows(len(ordered), write=write, give=give), edges)


def edge_record(edge: MergedEdge) -> EdgeRecord:
    """Write one edge."""
    return Scribe().write_edge(edge)


def as_graph(records: Records) -> Graph:
    """Put records into a graph; an end without a record, of an earlier page, is a node without one."""
    # No answer but one with measures is made of it: nobody else waits for 300 modules (ADR 0037).
    import networkx as nx  # noqa: PLC0415 - see above

    # `add_edges_from` costs many times as much: it copies every attribute record. These are the
    # dictionaries networkx itself keeps; both directions of an edge share one inner dictionary.
    graph: Any = nx.MultiDiGraph()
    ids = [node.id if isinstance(node, NodeRecord) else node["id"] for node in records.nodes]
    nodes = Attributes(zip(ids, records.nodes, strict=True))
    successors: dict[str, dict[str, Attributes]] = {node: {} for node in ids}
    predecessors: dict[str, dict[str, Attributes]] = {node: {} for node in ids}
    for record in records.edges:
        # One after the other: with a loop over the two a graph takes a sixth longer.
        subject, object_ = record.subject, record.object
        if subject not in successors:
            nodes[subject], successors[subject], predecessors[subject] = {}, {}, {}
        if object_ not in successors:
            nodes[object_], successors[object_], predecessors[object_] = {}, {}, {}
        beside = successors[subject]
        parallel = beside.get(object_)
        if parallel is None:
            parallel = beside[object_] = predecessors[object_][subject] = Attributes()
        parallel[record.id] = record
    graph._node, graph._succ, graph._pred = nodes, successors, predecessors  # noqa: SLF001 - see above
    return cast("Graph", graph)


def _sorted(nodes: Iterable[NodeRecord], order: Order) -> list[NodeRecord]:
    """Sort what is sorted by id already."""
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
    return 1, value if isinstance(value, str) else str(listed(value))
