"""The answer's graph: real networkx, loadable node-link JSON, nodes in the order asked for."""

import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Filter
from connectors.model import Address, Edge, NodeFacts, NodeId, Outcome, decode_ref, undirected
from connectors.walk import Finding, Listing
from connectors.wire import Aspect
from service.graph.assemble import NodeTold, Order, as_graph, assemble
from service.graph.budget import Budget
from service.graph.expansion import Expansion, Told
from service.graph.record import EdgeRecord
from service.graph.rule import Rule
from service.graph.scribe import Scribe

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
A, B, C, D = NODES = [NodeId("n", None, "t", key) for key in "abcd"]
Facts = Mapping[NodeId, Mapping[str, NodeFacts]]


def _line(one: NodeId, other: NodeId, **rest: Any) -> Edge:
    return Edge(*undirected(one, other), "r", directed=False, **rest)


def _expanded(told: Mapping[str, Sequence[Edge]], *, hops: int = 1) -> Expansion:
    expansion = Expansion(A, hops=hops, rule=Rule(), budget=Budget())
    while frontier := expansion.frontier():
        words: dict[Address, list[Told]] = {}
        for node in frontier:
            words[node] = [
                Told(
                    source,
                    Finding(
                        Outcome.OK,
                        Listing(
                            node,
                            Aspect.RELATIONS,
                            Filter(),
                            NOON,
                            tuple(edge for edge in edges if node in (edge.subject, edge.object)),
                        ),
                    ),
                )
                for source, edges in told.items()
            ]
        expansion.absorb(words)
    return expansion


def _graph(
    told: Mapping[str, Sequence[Edge]],
    *,
    facts: Facts | None = None,
    order: Order | None = None,
    hops: int = 1,
) -> Any:
    known = facts or {}
    return as_graph(
        assemble(
            _expanded(told, hops=hops),
            told=lambda node: NodeTold(known.get(node, {})),
            order=order or Order(),
        )
    )


def _record(graph: Any) -> dict[str, Any]:
    return {
        "nodes": [record for _, record in graph.nodes(data=True)],
        "edges": [record for *_, record in graph.edges(data=True)],
    }


def _keys(graph: Any) -> list[str]:
    return [record["key"] for _, record in graph.nodes(data=True)]


PARALLEL = {
    "s1": [_line(A, B, record="1"), _line(A, B, record="2"), _line(A, C), Edge(A, A, "r", directed=True)],
    "s2": [_line(A, C), Edge(B, A, "owns", directed=True, created_at=NOON, attributes=(("w", (1, (2,))),))],
}


def test_the_answer_loads_with_one_line_of_networkx() -> None:
    """Nodes, edges, their attributes and what the answer tells of itself come back equal."""
    graph = _graph(PARALLEL)
    about = {"seed": str(A), "complete": False, "truncated": ["max_nodes"], "sources": [{"name": "s1"}]}
    answer = json.loads(json.dumps({"graph": about, **_record(graph)}))
    loaded: Any = nx.node_link_graph(
        answer, directed=True, multigraph=True, source="subject", target="object", key="id", edges="edges"
    )
    assert loaded.graph == about
    # networkx takes the names of a node and of an edge out of their attributes: they are its keys.
    assert dict(loaded.nodes(data=True)) == {
        node: {name: value for name, value in record.items() if name != "id"}
        for node, record in graph.nodes(data=True)
    }
    assert {(u, v, k): data for u, v, k, data in loaded.edges(keys=True, data=True)} == {
        (u, v, k): {name: value for name, value in data.items() if name not in ("id", "subject", "object")}
        for u, v, k, data in graph.edges(keys=True, data=True)
    }
    assert loaded.number_of_edges(str(A), str(B)) == 2


@st.composite
def _edges(draw: st.DrawFn) -> Edge:
    one, other = draw(st.sampled_from(NODES)), draw(st.sampled_from(NODES))
    record = draw(st.sampled_from([None, "1", "2"]))
    return draw(
        st.sampled_from(
            [Edge(one, other, "r", directed=True, record=record), _line(one, other, record=record)]
        )
    )


worlds = st.fixed_dictionaries({"s1": st.lists(_edges(), max_size=6), "s2": st.lists(_edges(), max_size=6)})


def _built(graph: Any) -> Any:
    plain: Any = nx.MultiDiGraph()
    for node, record in graph.nodes(data=True):
        plain.add_node(node, **record)
    for subject, object_, key, record in graph.edges(keys=True, data=True):
        plain.add_edge(subject, object_, key=key, **record)
    return plain


def _same(one: Any, other: Any) -> None:
    assert list(one.nodes(data=True)) == list(other.nodes(data=True))
    for part in ("adj", "succ", "pred"):
        assert {n: {m: dict(k) for m, k in row.items()} for n, row in getattr(one, part).items()} == {
            n: {m: dict(k) for m, k in row.items()} for n, row in getattr(other, part).items()
        }


USES: list[Callable[[Any], Any]] = [
    lambda g: sorted(g.edges(keys=True)),
    lambda g: dict(g.degree()),
    lambda g: dict(g.in_degree()),
    lambda g: dict(g.out_degree()),
    lambda g: (g.number_of_nodes(), g.number_of_edges(), g.size()),
    lambda g: list(nx.bfs_edges(g, str(A))),
    lambda g: nx.single_source_shortest_path_length(g.to_undirected(), str(A)),
    lambda g: sorted(map(sorted, nx.weakly_connected_components(g))),
    lambda g: sorted(map(sorted, nx.strongly_connected_components(g))),
    nx.number_of_selfloops,
    nx.density,
    nx.degree_centrality,
    lambda g: nx.shortest_path(g.to_undirected(), str(A)),
    nx.to_dict_of_lists,
    lambda g: sorted(nx.line_graph(g).nodes),
    nx.to_dict_of_dicts,
    lambda g: nx.node_link_data(g, source="subject", target="object", key="id", edges="edges"),
    lambda g: sorted(nx.ego_graph(g, str(A), undirected=True).nodes),
    nx.is_weakly_connected,
    lambda g: list(nx.generate_edgelist(g, data=False)),
]


DERIVED: list[Callable[[Any], Any]] = [
    lambda g: g.copy(),
    lambda g: g.reverse(),
    lambda g: pickle.loads(pickle.dumps(g)),  # noqa: S301 - its own bytes
    nx.MultiDiGraph,
    lambda g: g.subgraph([str(A), str(B)]).copy(),
]


@settings(max_examples=50, deadline=None)
@given(told=worlds)
def test_the_graph_is_as_if_networkx_had_filled_it(told: Mapping[str, Sequence[Edge]]) -> None:
    """Filled in bulk or by add_node and add_edge: structure, copies and functions agree."""
    graph = _graph(told, hops=2)
    plain = _built(graph)
    _same(graph, plain)
    assert nx.utils.graphs_equal(graph, plain)
    for use in USES:
        assert use(graph) == use(plain)
    for derive in DERIVED:
        _same(derive(graph), derive(plain))
    assert nx.utils.graphs_equal(graph.to_undirected(), plain.to_undirected())


@settings(max_examples=30, deadline=None)
@given(told=worlds)
def test_the_graph_can_be_changed_like_any_other(told: Mapping[str, Sequence[Edge]]) -> None:
    """Nodes and edges may be added and removed; both directions of the graph stay in step."""
    graph = _graph(told, hops=2)
    plain = _built(graph)
    for each in (graph, plain):
        each.add_edge("new", str(A), key="k", relation="r")
        if str(B) in each:
            each.remove_node(str(B))
        gone = min(each.edges(keys=True))
        each.remove_edge(*gone)
        each.add_edge(str(A), str(C), key="again")
    _same(graph, plain)


def test_edges_come_by_id_and_share_one_record() -> None:
    """Out edges and in edges are the same attribute record, found under the same key."""
    graph = _graph(PARALLEL)
    for subject, object_, key, record in graph.edges(keys=True, data=True):
        assert graph.pred[object_][subject][key] is record
        assert record["id"] == key
        assert (record["subject"], record["object"]) == (subject, object_)
    parallel = [key for *_, key in graph.out_edges(str(A), keys=True)]
    assert list(graph[str(A)][str(B)]) == sorted(graph[str(A)][str(B)])
    assert len(set(parallel)) == len(parallel) == 4


def test_defect_12_parallel_edges_stay_apart_and_one_edge_of_two_sources_is_one() -> None:
    """Two records between one pair are two edges; one assertion of two sources is one with both words."""
    graph = _graph(PARALLEL)
    assert graph.number_of_edges(str(A), str(B)) == 2
    (shared,) = graph[str(A)][str(C)].values()
    assert [word["source"] for word in shared["provenance"]] == ["s1", "s2"]


def test_the_record_of_a_node_is_the_contracts() -> None:
    """Every field of the contract is there, with what the sources told under their names."""
    facts = {
        A: {
            "s2": NodeFacts(A, label="two", url="https://two.example"),
            "s1": NodeFacts(A, attributes=(("list", (1, ("x",))), ("n", None))),
        }
    }
    expansion = _expanded({"s1": [_line(A, B)]})
    graph: Any = as_graph(
        assemble(
            expansion, told=lambda node: NodeTold(facts.get(node, {}), aliases=("x:y:z",)), order=Order()
        )
    )
    record = graph.nodes[str(A)]
    assert decode_ref(record.pop("ref")) == str(A)
    assert record == {
        "id": "n:t:a",
        "namespace": "n",
        "tenant": None,
        "type": "t",
        "key": "a",
        "label": "two",
        "url": "https://two.example",
        "hop": 0,
        "expansion": "complete",
        "known_degree": {"value": 1, "relation": "eq"},
        "attributes": {"s1": {"list": [1, ["x"]], "n": None}, "s2": {}},
        "aliases": ["x:y:z"],
        "sources": ["s1", "s2"],
    }
    other = graph.nodes[str(B)]
    assert (other["label"], other["url"], other["known_degree"]) == ("b", None, None)
    assert (other["hop"], other["expansion"], other["sources"]) == (1, "boundary", ["s1"])


def test_a_degree_that_is_a_lower_bound_says_so() -> None:
    """`gte` is what the trouble of a source leaves of an exact degree."""
    expansion = Expansion(A, hops=1, rule=Rule(), budget=Budget())
    listing = Listing(A, Aspect.RELATIONS, Filter(), NOON, (_line(A, B),))
    expansion.absorb({A: [Told("s1", Finding(Outcome.TIMEOUT, listing))]})
    graph: Any = as_graph(assemble(expansion, told=lambda _: NodeTold({}), order=Order()))
    assert graph.nodes[str(A)]["known_degree"] == {"value": 1, "relation": "gte"}


def test_the_record_of_an_edge_is_the_contracts() -> None:
    """Times are UTC with Z, provenance has its source, record, time and attributes."""
    east = timezone(timedelta(0))
    told = Edge(
        A,
        B,
        "owns",
        directed=True,
        record="7",
        created_at=NOON.astimezone(east),
        deleted_at=NOON + timedelta(microseconds=5),
        deleted=False,
        attributes=(("is_read_only", True), ("tags", ("x",))),
    )
    graph = _graph({"s1": [told]})
    ((*_, key, record),) = graph.edges(keys=True, data=True)
    assert record == {
        "id": key,
        "subject": "n:t:a",
        "object": "n:t:b",
        "relation": "owns",
        "directed": True,
        "created_at": "2026-01-01T12:00:00Z",
        "deleted_at": None,
        "deleted": False,
        "provenance": [
            {
                "source": "s1",
                "record": "7",
                "fetched_at": "2026-01-01T12:00:00Z",
                "attributes": {"is_read_only": True, "tags": ["x"]},
            }
        ],
    }


STAR = {"s1": [_line(A, node) for node in (B, C, D)]}


@pytest.mark.parametrize(
    ("order", "keys"),
    [
        (Order(), "abcd"),
        (Order("id", descending=True), "dcba"),
        (Order("hop"), "abcd"),
        (Order("hop", descending=True), "bcda"),
        (Order("known_degree"), "abcd"),
        (Order("url"), "abcd"),
        (Order("label", descending=True), "dcba"),
    ],
)
def test_nodes_come_by_a_field_and_ties_by_id(order: Order, keys: str) -> None:
    """Whichever way the field is sorted, equal values come in ascending order of id."""
    assert "".join(_keys(_graph(STAR, order=order))) == keys


def _valued(**values: Any) -> Facts:
    named = {node.key: node for node in NODES}
    return {
        named[key]: {"s1": NodeFacts(named[key], attributes=(("x", value),))} for key, value in values.items()
    }


@pytest.mark.parametrize(
    ("values", "ascending", "descending"),
    [
        ({"a": 3, "b": 1, "c": 2, "d": 0}, "dbca", "acbd"),
        ({"a": 1, "c": 0}, "cabd", "acbd"),
        ({"a": None, "b": 2, "c": 1, "d": None}, "cbad", "bcad"),
        ({"a": "1", "b": 2, "c": True, "d": 1.5}, "cdba", "abdc"),
        ({"a": "z", "b": ("y",), "c": "x", "d": ()}, "bdca", "acdb"),
        ({"a": 5, "b": 5, "c": 5, "d": 4}, "dabc", "abcd"),
        ({"a": float("nan"), "b": 2, "c": 1, "d": 0}, "dcba", "bcda"),
    ],
)
def test_nodes_come_by_an_attribute_of_a_source(
    values: dict[str, Any], ascending: str, descending: str
) -> None:
    """Missing values are last both ways; numbers come before text, whatever a source mixes."""
    facts = _valued(**values)
    up = _graph(STAR, facts=facts, order=Order("x", "s1"))
    down = _graph(STAR, facts=facts, order=Order("x", "s1", descending=True))
    assert "".join(_keys(up)) == ascending
    assert "".join(_keys(down)) == descending


def test_an_attribute_nobody_told_leaves_the_order_of_ids() -> None:
    """Sorting by what no node has is no error."""
    assert "".join(_keys(_graph(STAR, order=Order("nothing", "s9", descending=True)))) == "abcd"


class _Many:
    """A machine that has found so many nodes and no edges."""

    def __init__(self, count: int) -> None:
        self.hop = {NodeId("n", None, "t", f"{number}"): 0 for number in range(count)}

    def write_edges(self, _scribe: Scribe) -> list[EdgeRecord]:
        return []

    def expansion_of(self, _node: NodeId) -> str:
        return "boundary"

    def degree_of(self, _node: NodeId) -> None:
        return None


@pytest.mark.parametrize(("count", "at_once"), [(2, False), (10_000, False), (10_001, True)])
def test_only_very_many_nodes_are_written_before_they_are_read(count: int, *, at_once: bool) -> None:
    """They come by id either way, and each once."""
    written: list[NodeId] = []

    def tell(node: NodeId) -> NodeTold:
        written.append(node)
        return NodeTold({})

    nodes = assemble(_Many(count), told=tell, order=Order()).nodes
    assert len(written) == (count if at_once else 0)
    assert [node["id"] for node in nodes] == sorted(f"n:t:{number}" for number in range(count))
    assert len(written) == count
