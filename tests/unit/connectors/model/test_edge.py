"""Edges know their other end, and undirected ones their order."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.model import Edge, NodeId, undirected

HERE, THERE = NodeId("a", None, "b", "here"), NodeId("a", None, "b", "there")
nodes = st.builds(
    NodeId, st.just("a"), st.sampled_from([None, "t"]), st.just("b"), st.text("ab:\U0001f310", min_size=1)
)


def test_the_other_end_is_the_one_not_given() -> None:
    """Seen from either end, the other end is the far one."""
    edge = Edge(HERE, THERE, "knows", directed=True)
    assert (edge.other_end(HERE), edge.other_end(THERE)) == (THERE, HERE)


def test_the_other_end_of_a_loop_is_the_node() -> None:
    """An edge from a node to itself leads back."""
    assert Edge(HERE, HERE, "knows", directed=True).other_end(HERE) == HERE


@given(nodes, nodes)
def test_undirected_ends_have_one_order(one: NodeId, other: NodeId) -> None:
    """Whichever way it is told, the smaller address comes first."""
    ends = undirected(one, other)
    assert ends == undirected(other, one)
    assert str(ends[0]) <= str(ends[1])
    assert set(ends) == {one, other}
