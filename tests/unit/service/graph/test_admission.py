"""What of the newly found comes in when not all of it fits."""

from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from connectors.model import Edge, NodeId
from service.graph.admission import Admission, Place, admit
from service.graph.merge import EdgeKey, MergedEdge, assert_edge

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NODES = [NodeId("n", None, "t", key) for key in "abcdef"]
A, B, C, D, E, F = NODES
NONE: frozenset[NodeId] = frozenset()


def _pool(*pairs: tuple[NodeId, NodeId], record: str | None = None) -> dict[EdgeKey, MergedEdge]:
    edges = [
        assert_edge(Edge(one, other, "r", directed=True, record=record), source="s", fetched_at=NOON)
        for one, other in pairs
    ]
    return {edge.key: edge for edge in edges}


def _places(hop: int, *nodes: NodeId) -> dict[NodeId, Place]:
    return {node: (hop, str(node)) for node in nodes}


def test_all_that_fits_comes_in() -> None:
    """With room to the last place nothing is cut and nothing said to be."""
    pool = _pool((A, B), (A, C))
    admission = admit(pool, _places(1, B, C), standing=NONE, node_room=2, edge_room=2)
    assert admission.nodes == (B, C)
    assert set(admission.edges) == set(pool.values())
    assert admission.refused == ()
    assert admission.truncated == frozenset()


def test_of_new_nodes_the_smallest_come_in_with_their_edges() -> None:
    """Nodes are cut from the largest address down; an edge to one that is out stays out."""
    pool = _pool((A, D), (A, B), (A, C))
    admission = admit(pool, _places(1, D, B, C), standing=NONE, node_room=2, edge_room=9)
    assert admission.nodes == (B, C)
    assert [edge.key[1] for edge in admission.edges] == [B, C]
    assert [key[1] for key in admission.refused] == [D]
    assert admission.truncated == {"max_nodes"}


def test_edges_between_nodes_already_held_come_first() -> None:
    """What needs no new node is taken before the smallest new node."""
    pool = _pool((E, B), (E, F))
    admission = admit(pool, _places(1, B), standing=NONE, node_room=1, edge_room=1)
    assert [edge.key[:2] for edge in admission.edges] == [(E, F)]
    assert admission.nodes == ()
    assert admission.truncated == {"max_edges"}


def test_a_node_none_of_whose_edges_fits_stays_out() -> None:
    """A new node is admitted by an edge that is taken, not by room for nodes alone."""
    admission = admit(_pool((A, B), (A, C)), _places(1, B, C), standing=NONE, node_room=9, edge_room=1)
    assert admission.nodes == (B,)
    assert admission.truncated == {"max_edges"}


def test_a_standing_node_needs_no_edge() -> None:
    """A member of a selection comes in even when there is no room for an edge."""
    admission = admit(_pool((A, B)), _places(0, A, B), standing=frozenset({A, B}), node_room=2, edge_room=0)
    assert admission.nodes == (A, B)
    assert admission.edges == ()


def test_a_nearer_node_comes_before_a_smaller_address() -> None:
    """The hop counts first, the address second."""
    places = _places(0, F) | _places(1, B)
    admission = admit(_pool((F, B)), places, standing=frozenset({F}), node_room=1, edge_room=9)
    assert admission.nodes == (F,)
    assert admission.edges == ()


def test_parallel_edges_are_cut_by_their_record() -> None:
    """Of several edges between one pair the smallest records are taken."""
    pool = _pool((A, B), record="2") | _pool((A, B), record="1") | _pool((A, B), record="3")
    admission = admit(pool, _places(1, B), standing=NONE, node_room=1, edge_room=2)
    assert [edge.key[4] for edge in admission.edges] == ["1", "2"]


rooms = st.integers(0, 8)


@given(
    pairs=st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)), max_size=12),
    held=st.sets(st.sampled_from(NODES), min_size=1),
    node_room=rooms,
    edge_room=rooms,
    seed=st.integers(0, 9),
)
def test_never_more_than_there_is_room_for_whatever_the_order(
    pairs: list[tuple[NodeId, NodeId]], held: set[NodeId], node_room: int, edge_room: int, seed: int
) -> None:
    """Within both rooms, every edge on held or admitted nodes, all accounted for, order no matter."""
    pool = _pool(*pairs)
    places = _places(1, *({end for pair in pairs for end in pair} - held))

    def admitted(pool: Mapping[EdgeKey, MergedEdge], places: Mapping[NodeId, Place]) -> Admission:
        return admit(pool, places, standing=NONE, node_room=node_room, edge_room=edge_room)

    admission = admitted(pool, places)
    assert len(admission.nodes) <= node_room
    assert len(admission.edges) <= edge_room
    taken = {edge.key for edge in admission.edges}
    assert taken | set(admission.refused) == set(pool)
    assert taken.isdisjoint(admission.refused)
    within = held.union(admission.nodes)
    assert all(end in within for key in taken for end in key[:2])
    assert bool(admission.refused) <= bool(admission.truncated)

    shuffled_pool, shuffled_places = list(pool.items()), list(places.items())
    Random(seed).shuffle(shuffled_pool)  # noqa: S311 - a test's shuffle
    Random(seed).shuffle(shuffled_places)  # noqa: S311 - the same
    again = admitted(dict(shuffled_pool), dict(shuffled_places))
    assert (again.nodes, again.edges) == (admission.nodes, admission.edges)
    assert set(again.refused) == set(admission.refused)


@given(
    pairs=st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)), max_size=8),
    node_room=rooms,
    edge_room=rooms,
)
def test_by_their_texts_the_same_are_chosen(
    pairs: list[tuple[NodeId, NodeId]], node_room: int, edge_room: int
) -> None:
    """Nodes may go by addresses or by texts."""
    pool, new = _pool(*pairs), {end for pair in pairs for end in pair}
    by_node = admit(pool, _places(1, *new), standing=NONE, node_room=node_room, edge_room=edge_room)
    names = {key: (str(key[0]), str(key[1]), *key[2:]) for key in pool}
    by_text = admit(
        {name: name for name in names.values()},
        {str(node): place for node, place in _places(1, *new).items()},
        standing=frozenset(),
        node_room=node_room,
        edge_room=edge_room,
    )
    assert by_text.nodes == tuple(map(str, by_node.nodes))
    assert by_text.edges == tuple(names[edge.key] for edge in by_node.edges)
    assert by_text.refused == tuple(names[key] for key in by_node.refused)
    assert by_text.truncated == by_node.truncated
