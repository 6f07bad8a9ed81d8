"""Merging what is asserted of one edge: any order, any grouping, any repetition gives the same."""

from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.model import Edge, NodeId
from service.graph.merge import EdgeKey, MergedEdge, assert_edge, edge_key, merge_edges

A, B = (NodeId("n", None, "t", key) for key in "ab")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

instants = st.integers(0, 3).map(lambda hours: NOON + hours * HOUR)
values = st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from([0.0, 1.0, "1"])
assertions = st.builds(
    assert_edge,
    st.builds(
        Edge,
        st.just(A),
        st.just(B),
        st.just("r"),
        directed=st.sampled_from([True]),
        record=st.just("7"),
        created_at=st.none() | instants,
        deleted_at=st.none() | instants,
        deleted=st.booleans(),
        attributes=st.tuples(st.tuples(st.just("x"), values)) | st.just(()),
    ),
    source=st.sampled_from(["s1", "s2", "s3"]),
    fetched_at=instants,
)
merged = st.lists(assertions, min_size=1, max_size=4).map(lambda words: reduce(merge_edges, words))


@given(one=merged, other=merged)
def test_merging_is_commutative(one: MergedEdge, other: MergedEdge) -> None:
    """Which of two comes first is nothing."""
    assert repr(merge_edges(one, other)) == repr(merge_edges(other, one))


@given(one=merged, two=merged, three=merged)
def test_merging_is_associative(one: MergedEdge, two: MergedEdge, three: MergedEdge) -> None:
    """How several are grouped is nothing."""
    left = merge_edges(merge_edges(one, two), three)
    right = merge_edges(one, merge_edges(two, three))
    assert repr(left) == repr(right)


@given(one=merged, other=merged)
def test_merging_is_idempotent(one: MergedEdge, other: MergedEdge) -> None:
    """What came already adds nothing when it comes again."""
    both = merge_edges(one, other)
    assert merge_edges(one, one) == one
    assert merge_edges(both, other) == both


@given(words=st.lists(assertions, min_size=1, max_size=6))
def test_provenance_holds_the_newest_word_of_every_source(words: list[MergedEdge]) -> None:
    """One entry per source, ascending, and none is older than another word of the same source."""
    edge = reduce(merge_edges, words)
    told = [word.provenance[0] for word in words]
    assert [word.source for word in edge.provenance] == sorted({word.source for word in told})
    for word in edge.provenance:
        assert word in told
        assert word.fetched_at == max(t.fetched_at for t in told if t.source == word.source)


@given(edge=merged)
def test_times_and_deletion_follow_from_the_provenance(edge: MergedEdge) -> None:
    """Created the earliest told; deleted when all say so, and then at the latest time told."""
    words = edge.provenance
    created = [word.created_at for word in words if word.created_at is not None]
    gone = [word.deleted_at for word in words if word.deleted_at is not None]
    everyone = [word.deleted for word in words] == [True] * len(words)
    assert edge.created_at == (min(created) if created else None)
    assert edge.deleted is everyone
    assert edge.deleted_at == (max(gone) if gone and everyone else None)


def test_only_one_edge_can_be_merged() -> None:
    """Assertions about two edges are refused."""
    one = assert_edge(Edge(A, B, "r", directed=True), source="s", fetched_at=NOON)
    other = assert_edge(Edge(A, B, "r", directed=False), source="s", fetched_at=NOON)
    with pytest.raises(ValueError, match="one edge"):
        merge_edges(one, other)


texts = st.sampled_from(["", "a", "b", "ab", "True", "False", "="])
nodes = st.builds(NodeId, st.just("n"), st.none() | st.just("t"), st.just("t"), texts.filter(bool))
keys: Any = st.tuples(nodes, nodes, texts, st.booleans(), st.none() | texts)


@given(one=keys, other=keys)
def test_an_id_stands_for_one_edge(one: EdgeKey, other: EdgeKey) -> None:
    """Two edges have one id exactly when subject, object, relation, direction and record are equal."""
    assert (MergedEdge(one, ()).id == MergedEdge(other, ()).id) == (one == other)


def test_an_id_tells_no_record_from_an_empty_one() -> None:
    """A record that is an empty string is not the same as none."""
    ids = {MergedEdge((A, B, "r", True, record), ()).id for record in (None, "", "=")}
    assert len(ids) == 3
    assert all(len(text) == 32 and int(text, 16) >= 0 for text in ids)


def test_an_edge_is_known_by_what_it_says_and_by_its_record() -> None:
    """Times, deletion and attributes are no part of the key."""
    plain = Edge(A, B, "r", directed=True, record="7")
    told = Edge(
        A,
        B,
        "r",
        directed=True,
        record="7",
        created_at=NOON,
        deleted_at=NOON,
        deleted=True,
        attributes=(("x", 1),),
    )
    assert edge_key(plain) == edge_key(told) == (A, B, "r", True, "7")
