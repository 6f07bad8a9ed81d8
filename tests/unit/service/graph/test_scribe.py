"""Records are the same whichever way they are written, and share what they have in common."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.model import Edge, NodeId, Outcome
from connectors.walk import Finding
from harness.reference import listing_of
from service.graph.asked import Degree, Told
from service.graph.merge import assert_edge, merge_edges
from service.graph.scribe import NodeTold, Scribe

A, B = (NodeId("n", None, "t", key) for key in "ab")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
WORD = Told("feed", Finding(Outcome.OK, listing_of(A, ())))

instants = st.none() | st.integers(0, 2).map(lambda hours: NOON + timedelta(hours=hours))
edges = st.builds(
    Edge,
    st.sampled_from([A, B]),
    st.sampled_from([A, B]),
    st.sampled_from(["r", "\xe9"]),
    directed=st.booleans(),
    record=st.none() | st.sampled_from(["", "1"]),
    created_at=instants,
    deleted_at=instants,
    deleted=st.booleans(),
    attributes=st.just(()) | st.just((("x", (1, ("y",))),)),
)


class _Lone:
    """Where one node stands."""

    hop = {A: 0}  # noqa: RUF012 - only read

    def expansion_of(self, node: NodeId) -> str:
        return "complete" if node == A else "boundary"

    def degree_of(self, node: NodeId) -> Degree | None:
        return Degree(2, exact=False) if node == A else None


@given(edge=edges)
def test_a_claim_is_written_as_the_edge_that_it_makes(edge: Edge) -> None:
    """The short way for a single source gives what the way for several gives."""
    merged = assert_edge(edge, source="feed", fetched_at=NOON)
    assert Scribe().write_claim(edge, word=WORD) == Scribe().write_edge(merged)
    assert Scribe().write_claim(edge, word=WORD).id == merged.id


def test_what_was_listed_together_has_one_word() -> None:
    """Only where the source tells nothing but the relation."""
    scribe = Scribe()
    bare = [scribe.write_claim(Edge(*ends, "r", directed=False), word=WORD) for ends in ((A, B), (B, B))]
    assert bare[0].provenance is bare[1].provenance
    told = scribe.write_claim(Edge(A, A, "r", directed=False, record="1"), word=WORD)
    assert [word.record for word in told.provenance] == ["1"]


def test_a_node_has_the_sources_of_its_edges_and_of_its_facts() -> None:
    """Each once, ascending; what was noted for another node is not among them."""
    scribe = Scribe()
    line = Edge(A, B, "r", directed=False)
    two = merge_edges(*(assert_edge(line, source=source, fetched_at=NOON) for source in ("s2", "s1")))
    scribe.write_edge(two)
    scribe.note("n:t:b", source="s3")
    (record,) = scribe.write_nodes((A,), found=_Lone(), told=lambda _: NodeTold({}, ["x:y:z"]))
    assert record.sources == ["s1", "s2"]
    assert record.known_degree == {"value": 2, "relation": "gte"}
    assert (record.label, record.aliases, record.expansion) == ("a", ["x:y:z"], "complete")


@given(edge=edges)
def test_a_draft_is_what_would_be_written_without_it(edge: Edge) -> None:
    """What was written ahead is given as it is, and tells of its nodes only when it is asked for."""
    word = Told("feed", Finding(Outcome.OK, listing_of(A, (edge,))))
    ahead, plain = Scribe(), Scribe()
    ahead.draft(word)
    assert _speakers(ahead) == []
    assert ahead.write_claim(edge, word=word) == plain.write_claim(edge, word=word)
    assert _speakers(ahead) == _speakers(plain)


def test_another_word_is_not_written_by_a_draft() -> None:
    """Who says the same at another time is quoted with that time."""
    edge = Edge(A, B, "r", directed=False)
    early, late = listing_of(A, (edge,)), replace(listing_of(A, (edge,)), fetched_at=NOON + timedelta(1))
    scribe = Scribe()
    scribe.draft(Told("feed", Finding(Outcome.OK, early)))
    (word,) = scribe.write_claim(edge, word=Told("feed", Finding(Outcome.OK, late))).provenance
    assert word.fetched_at == "2026-01-02T12:00:00Z"


def _speakers(scribe: Scribe) -> list[str]:
    (record,) = scribe.write_nodes((A,), found=_Lone(), told=lambda _: NodeTold({}))
    return list(record.sources)
