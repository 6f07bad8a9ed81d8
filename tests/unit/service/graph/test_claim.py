"""What is kept as it was told becomes the edge that merging word by word would give."""

from datetime import UTC, datetime, timedelta
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from connectors.model import Edge, NodeId, Outcome
from connectors.walk import Finding
from harness.reference import listing_of
from service.graph.asked import Told
from service.graph.claim import Claim, Pool, join_claims, merge_claims, name_edges, other_end, put_claims
from service.graph.merge import assert_edge, merge_edges

A, B, C = (NodeId("n", None, "t", key) for key in "abc")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

instants = st.integers(0, 2).map(lambda hours: NOON + timedelta(hours=hours))
values = st.none() | st.booleans() | st.integers(0, 1) | st.sampled_from([0.0, 1.0, "1"])
edges = st.builds(
    Edge,
    st.just(A),
    st.just(B),
    st.just("r"),
    directed=st.just(True),  # noqa: FBT003 - a strategy's value
    record=st.just("7"),
    created_at=st.none() | instants,
    deleted_at=st.none() | instants,
    deleted=st.booleans(),
    attributes=st.tuples(st.tuples(st.just("x"), values)) | st.just(()),
)


def _word(source: str, fetched_at: datetime, *told: Edge) -> Told:
    listing = listing_of(A, told)
    object.__setattr__(listing, "fetched_at", fetched_at)
    return Told(source, Finding(Outcome.OK, listing))


claims = st.builds(
    lambda edge, source, at: (edge, _word(source, at, edge)),
    edges,
    st.sampled_from(["s1", "s2", "s3"]),
    instants,
)


@given(told=st.lists(claims, min_size=1, max_size=6))
def test_claims_are_merged_like_words(told: list[Claim]) -> None:
    """Whatever the order, and whoever said something twice, it is what `merge_edges` makes of it."""
    asserted = [
        assert_edge(edge, source=word.source, fetched_at=word.finding.listing.fetched_at)
        for edge, word in told
    ]
    joined = reduce(join_claims, [(claim,) for claim in told])
    backwards = reduce(join_claims, [(claim,) for claim in reversed(told)])
    expected = repr(reduce(merge_edges, asserted))
    assert repr(merge_claims(joined)) == repr(merge_claims(backwards)) == expected


def test_an_edge_is_named_by_the_texts_of_its_ends_and_by_its_record() -> None:
    """What two tellings of one relation share names it; parallel ones have names of their own."""
    word = _word("s1", NOON)
    told = [Edge(A, B, "r", directed=False, record=record, deleted=True) for record in ("1", "2", "1")]
    pool: Pool = {}
    put_claims(pool, name_edges(told, word=word))
    assert list(pool) == [("n:t:a", "n:t:b", "r", False, "1"), ("n:t:a", "n:t:b", "r", False, "2")]
    assert [len(claimed) for claimed in pool.values()] == [1, 1]


def test_the_other_end_of_a_loop_is_its_node() -> None:
    """Seen from either end the other is given."""
    (name, _), (loop, _) = name_edges(
        [Edge(A, C, "r", directed=True), Edge(C, C, "r", directed=True)], word=_word("s1", NOON)
    )
    assert [other_end(name, end) for end in ("n:t:a", "n:t:c")] == ["n:t:c", "n:t:a"]
    assert other_end(loop, "n:t:c") == "n:t:c"
