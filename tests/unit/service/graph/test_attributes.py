"""A graph that holds records is to everybody the graph that holds dictionaries of the same."""

import json
import pickle
from collections.abc import Callable
from copy import copy, deepcopy
from typing import Any

import networkx as nx
import pytest

from service.graph.assemble import Records, as_graph
from service.graph.attributes import Attributes, peek
from service.graph.record import EdgeRecord, NodeRecord, WordRecord, plain

ENDS = ["ab", "ab", "ac", "bc", "cd", "da", "dd", "ef", "xa"]


def _node(key: str) -> NodeRecord:
    return NodeRecord(
        *(key, "ref", "n", None, "t", key, key.upper(), None, ord(key) % 3, "complete"),
        *({"value": 1, "relation": "eq"}, {"feed": {"tags": ("x", ("y",))}}, ("n:t:z",), ["feed"]),
    )


def _edge(number: int, ends: str) -> EdgeRecord:
    words = [WordRecord("feed", f"{number}", None, {"seen": (1, (2,))})]
    return EdgeRecord(f"e{number}", *ends, "r", number % 2 > 0, None, None, number == 1, words)


def _records() -> Records:
    return Records([_node(key) for key in "abcdef"], [_edge(*each) for each in enumerate(ENDS)])


def _ours() -> Any:
    return as_graph(_records())


def _theirs() -> Any:
    records = _records()
    graph: Any = nx.MultiDiGraph()
    graph.add_nodes_from((record["id"], plain(record)) for record in records.nodes)
    graph.add_edges_from(
        (record["subject"], record["object"], record["id"], plain(record)) for record in records.edges
    )
    return graph


def _told(graph: Any) -> Any:
    """Give all that a graph holds, in plain containers."""
    parts = (graph.adj, graph.pred) if graph.is_directed() else (graph.adj,)
    return (
        list(graph.nodes(data=True)),
        *({u: {v: dict(keys) for v, keys in row.items()} for u, row in part.items()} for part in parts),
    )


def _changed(graph: Any) -> Any:
    nx.set_node_attributes(graph, {"a": 7, "b": 8}, "weight")
    nx.set_edge_attributes(graph, {("a", "b", "e0"): {"weight": 2}})
    graph.nodes["c"]["label"] = "changed"
    graph["a"]["c"]["e2"].update(relation="changed")
    graph.add_edge("a", "b", key="e0", more=1)
    graph.add_node("a", more=2)
    graph.remove_edge("a", "b")
    graph.remove_node("d")
    return _told(graph)


def _written(graph: Any) -> str:
    return json.dumps(nx.node_link_data(graph, edges="edges"))


USES: list[Callable[[Any], Any]] = [
    _told,
    _written,
    _changed,
    lambda g: _changed(g.copy()),
    lambda g: _told(g.copy()),
    lambda g: _told(deepcopy(g)),
    lambda g: _told(copy(g)),
    lambda g: _told(pickle.loads(pickle.dumps(g))),  # noqa: S301 - its own bytes
    lambda g: _told(g.subgraph("abc").copy()),
    lambda g: _told(g.edge_subgraph([("a", "b", "e0")]).copy()),
    lambda g: _told(g.reverse()),
    lambda g: _told(g.to_undirected()),
    lambda g: _told(g.to_undirected(reciprocal=True)),
    lambda g: _told(nx.MultiDiGraph(g)),
    lambda g: list(nx.DiGraph(g).edges(data=True)),
    lambda g: list(nx.Graph(g).edges(data=True)),
    lambda g: _told(nx.ego_graph(g, "a", undirected=True)),
    lambda g: _told(nx.compose(g, nx.MultiDiGraph([("a", "z")]))),
    lambda g: _told(nx.relabel_nodes(g, {"a": "A"})),
    lambda g: _told(nx.relabel_nodes(g, {"a": "A"}, copy=False)),
    lambda g: _told(nx.union(g, g, rename=("1", "2"))),
    lambda g: _told(nx.convert_node_labels_to_integers(g, label_attribute="was")),
    lambda g: _told(nx.from_dict_of_dicts(nx.to_dict_of_dicts(g), nx.MultiDiGraph, multigraph_input=True)),
    lambda g: _told(nx.node_link_graph(nx.node_link_data(g, edges="edges"), edges="edges")),
    lambda g: nx.shortest_path(g.to_undirected(), "a"),
    lambda g: nx.shortest_path_length(g, "a", "d", weight="weight"),
    nx.pagerank,
    nx.betweenness_centrality,
    nx.degree_centrality,
    lambda g: nx.clustering(nx.Graph(g)),
    lambda g: sorted(map(sorted, nx.connected_components(g.to_undirected()))),
    lambda g: sorted(map(sorted, nx.strongly_connected_components(g))),
    lambda g: sorted(map(sorted, nx.weakly_connected_components(g))),
    lambda g: sorted(nx.selfloop_edges(g, keys=True)),
    lambda g: list(nx.selfloop_edges(g, data="relation")),
    lambda g: nx.get_node_attributes(g, "hop"),
    lambda g: nx.get_edge_attributes(g, "deleted"),
    lambda g: (dict(g.degree()), dict(g.in_degree()), dict(g.out_degree(weight="weight"))),
    lambda g: (g.size(), g.size(weight="weight"), g.number_of_edges("a", "b"), g.order()),
    lambda g: list(g.edges(data="relation", keys=True)),
    lambda g: list(g.nodes(data="label")),
    lambda g: (g.get_edge_data("a", "b"), g.get_edge_data("a", "b", "e0"), g.get_edge_data("a", "q")),
    lambda g: g.edges["a", "b", "e0"],
    lambda g: dict(g.nodes),
    nx.to_dict_of_lists,
    lambda g: list(nx.bfs_edges(g, "a")),
    lambda g: list(nx.generate_edgelist(g)),
    lambda g: nx.adjacency_data(g, attrs={"id": "node", "key": "name"}),
]


@pytest.mark.parametrize("use", USES)
def test_what_networkx_makes_of_it_is_the_same(use: Callable[[Any], Any]) -> None:
    """Whatever is asked first of a graph that nobody has looked at."""
    assert use(_ours()) == use(_theirs())


def test_two_graphs_of_the_same_records_are_equal() -> None:
    """Either way round, though only one of them holds records."""
    assert nx.utils.graphs_equal(_ours(), _theirs())
    assert nx.utils.graphs_equal(_theirs(), _ours())


def _held() -> Attributes:
    return Attributes({key: _node(key) for key in "abc"})


DICTS: list[Callable[[Any], Any]] = [
    lambda held: held["a"],
    lambda held: (held.get("a"), held.get("z"), held.get("z", 1)),
    lambda held: held.pop("b"),
    lambda held: held.pop("z", None),
    lambda held: held.popitem(),
    lambda held: (held.setdefault("a", {}), held.setdefault("z", {"x": 1}), len(held)),
    lambda held: list(held.values()),
    lambda held: list(held.items()),
    lambda held: held.copy(),
    dict,
    lambda held: {**held},
    lambda held: {} | dict(held),
    json.dumps,
    lambda held: (list(held), "a" in held, "z" in held, list(reversed(held))),
    lambda held: {"before": {}} | {key: value for key, value in held.items() if key > "a"},
]


@pytest.mark.parametrize("use", DICTS)
def test_attributes_are_read_as_a_dict_of_dicts(use: Callable[[Any], Any]) -> None:
    """Lists for tuples among them, as JSON has them."""
    mine, others = _held(), {key: plain(_node(key)) for key in "abc"}
    assert repr(use(mine)) == repr(use(others))
    assert mine == others
    assert not mine != others  # noqa: SIM202 - both operators are its own


def test_what_is_not_there_is_a_key_error() -> None:
    """As of any dict."""
    with pytest.raises(KeyError):
        _held()["z"]


def test_a_dict_once_made_is_kept() -> None:
    """What is changed in it stays changed, and the record knows nothing of it."""
    record = _node("a")
    held = Attributes(a=record)
    held["a"]["label"] = "changed"
    assert (held["a"]["label"], record.label) == ("changed", "A")


def test_who_only_reads_may_look_at_the_records_themselves() -> None:
    """Nothing is made for that, neither of a graph's attributes nor of a plain dict's."""
    record = _node("a")
    assert [each is record for each in peek(Attributes(a=record))] == [True]
    assert [each is record for each in peek({"a": record})] == [True]
