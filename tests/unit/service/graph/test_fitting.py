"""Which paths fit an answer, and with which edges."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from connectors.model import Edge, NodeId, undirected
from service.graph.fitting import Arc, Fit, fit_paths
from service.graph.merge import EdgeKey, edge_key

NODES = [NodeId("n", None, "t", key) for key in "abcdef"]
A, B, C, D, E, F = NODES


def _key(one: NodeId, other: NodeId, record: str | None = None) -> EdgeKey:
    return edge_key(Edge(*undirected(one, other), "r", directed=False, record=record))


def _fit(
    paths: list[list[NodeId]], *, records: int = 1, max_nodes: int = 99, max_edges: int = 99
) -> tuple[Fit, dict[Arc, list[EdgeKey]]]:
    parallel = {
        step: [_key(*step, str(record)) for record in reversed(range(records))]
        for path in paths
        for step in pairwise(path)
    }
    return fit_paths(paths, parallel=parallel, max_nodes=max_nodes, max_edges=max_edges), parallel


def test_all_that_fits_is_there() -> None:
    """With room enough every path is kept, with all its parallel edges."""
    fit, parallel = _fit([[A, B], [A, C, B]], records=3)
    assert fit.paths == ([A, B], [A, C, B])
    assert fit.edges == {key for keys in parallel.values() for key in keys}
    assert fit.truncated == frozenset()


def test_a_path_is_left_out_whole_and_a_later_one_may_fit() -> None:
    """No part of a path that does not fit takes room from the next."""
    fit, _ = _fit([[A, B, F], [A, C, D, F], [A, B, E, F]], max_nodes=4)
    assert fit.paths == ([A, B, F], [A, B, E, F])
    assert fit.truncated == {"max_nodes"}


def test_an_edge_for_each_step_comes_before_a_second_for_any() -> None:
    """The smallest edges first; parallel ones fill what room is left, in the order of the paths."""
    fit, _ = _fit([[A, B], [A, C, B]], records=3, max_edges=4)
    assert fit.paths == ([A, B], [A, C, B])
    assert fit.edges == {_key(A, B, "0"), _key(A, B, "1"), _key(A, C, "0"), _key(B, C, "0")}
    assert fit.truncated == {"max_edges"}


def test_an_undirected_edge_serves_both_ways() -> None:
    """A path that goes the other way over an edge already there needs no second one."""
    fit, _ = _fit([[A, B, C, D], [A, C, B, D]], max_edges=5)
    assert len(fit.paths) == 2
    assert len(fit.edges) == 5
    assert fit.truncated == frozenset()


def test_the_cap_that_is_met_is_the_one_named() -> None:
    """A path too large both ways names both."""
    fit, _ = _fit([[A, B, C]], max_nodes=2, max_edges=1)
    assert (fit.paths, fit.edges) == ((), frozenset())
    assert fit.truncated == {"max_nodes", "max_edges"}


@given(
    paths=st.lists(st.permutations(NODES).map(lambda nodes: nodes[:4]), max_size=6),
    records=st.integers(1, 3),
    max_nodes=st.integers(1, 7),
    max_edges=st.integers(1, 12),
)
def test_never_more_than_there_is_room_for(
    paths: list[list[NodeId]], records: int, max_nodes: int, max_edges: int
) -> None:
    """Within both caps, every step of a kept path has an edge, and each edge is of a kept path."""
    fit, parallel = _fit(paths, records=records, max_nodes=max_nodes, max_edges=max_edges)
    assert len({node for path in fit.paths for node in path}) <= max_nodes
    assert len(fit.edges) <= max_edges
    steps = [step for path in fit.paths for step in pairwise(path)]
    assert all(fit.edges.intersection(parallel[step]) for step in steps)
    assert fit.edges <= {key for step in steps for key in parallel[step]}
    whole = len(fit.paths) == len(paths) and all(fit.edges.issuperset(parallel[step]) for step in steps)
    assert whole == (not fit.truncated)
