"""Records made from columns are the same as records made one by one."""

import pickle
from dataclasses import FrozenInstanceError, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import InvalidNodeIdError
from connectors.model import Edge, NodeId
from connectors.model.ids import MAX_KEY_BYTES, head_of
from connectors.model.many import build, build_nodes

HEADS = (("a", None, "b"), ("a", "t", "b"))
heads = st.sampled_from(HEADS)


@given(st.lists(st.tuples(heads, st.text(min_size=1, max_size=9))))
def test_nodes_of_columns_are_nodes(told: list[tuple[tuple[str, str | None, str], str]]) -> None:
    """Text, hash and every part are those of a node that was made alone."""
    alone = [NodeId(*head, key) for head, key in told]
    texts = [node.text for node in alone]
    made = build_nodes([head for head, _ in told], [key for _, key in told], texts)
    assert made == alone
    assert list(map(repr, made)) == list(map(repr, alone))
    assert list(map(hash, made)) == list(map(hash, alone))
    assert pickle.loads(pickle.dumps(made)) == alone  # noqa: S301 - just written


@pytest.mark.parametrize("key", ["", "x" * (MAX_KEY_BYTES + 1), "\U0001f310" * (MAX_KEY_BYTES // 4 + 1)])
def test_a_node_that_could_not_be_made_alone_is_refused(key: str) -> None:
    """A key is as long as an address allows, among whichever others it comes."""
    with pytest.raises(InvalidNodeIdError):
        build_nodes([HEADS[0]] * 2, ["k", key], [head_of(*HEADS[0]) + each for each in ("k", key)])


def test_a_key_of_the_greatest_length_is_taken() -> None:
    """What is near the bound is looked at one by one."""
    key = "\u00e9" * (MAX_KEY_BYTES // 2)
    assert build_nodes(HEADS[:1], [key], [head_of(*HEADS[0]) + key]) == [NodeId(*HEADS[0], key)]


def test_edges_of_columns_are_edges() -> None:
    """Each column is a field; a kind that has got one more needs one more column."""
    one, other = NodeId("a", None, "b", "1"), NodeId("a", None, "b", "2")
    columns = [
        [one] * 2,
        [other] * 2,
        ["r"] * 2,
        [True] * 2,
        ["x", None],
        *[[None] * 2] * 2,
        [False] * 2,
        [()] * 2,
    ]
    assert build(Edge, 2, *columns) == [
        Edge(one, other, "r", directed=True, record=each) for each in ("x", None)
    ]
    with pytest.raises(ValueError, match="shorter"):
        build(Edge, 2, *columns[:-1])


def test_what_was_made_of_columns_cannot_be_changed() -> None:
    """However it was made, it is of its kind, and frozen."""
    (made,) = build_nodes(HEADS[:1], ["k"], [head_of(*HEADS[0]) + "k"])
    assert type(made) is NodeId
    with pytest.raises(FrozenInstanceError):
        made.key = "x"  # type: ignore[misc] # that it is refused is the point


@pytest.mark.parametrize("place", range(len(fields(Edge))))
def test_a_column_that_is_too_short_is_refused(place: int) -> None:
    """Whichever it is: no record is handed out without one of its fields, and none is left out."""
    node = NodeId("a", None, "b", "1")
    columns: list[list[object]] = [[node] * 2, [node] * 2, ["r"] * 2, [True] * 2, *[[None] * 2] * 3]
    columns += [[False] * 2, [()] * 2]
    columns[place] = columns[place][:1]
    with pytest.raises(ValueError, match="shorter"):
        build(Edge, 2, *columns)
