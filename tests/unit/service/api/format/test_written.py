"""Tests of what writers ask of an answer."""

from harness.written import about, edge, multigraph, node
from service.api.format.written import Written


def test_one_directed_edge_makes_the_graph_directed() -> None:
    """Without any, and without edges at all, it is undirected."""
    assert not multigraph().is_directed
    assert not Written(about(), [], []).is_directed
    assert multigraph(directed=(False, True, False)).is_directed


def test_nodes_of_other_pages_are_found_once() -> None:
    """An edge may name a node of an earlier page; nodes that are here are not among them."""
    edges = [edge("1", "later"), edge("2", "earlier"), edge("3", "later"), edge("4", "a.example")]
    written = Written(about(), [node("a.example")], edges)
    assert written.elsewhere() == ["observable:domain:later", "observable:domain:earlier"]
