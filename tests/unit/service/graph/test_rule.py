"""Which relations are followed, and from which of their ends."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Deleted, Filter
from connectors.model import Edge, NodeId
from service.graph.rule import Direction, Rule, Verdict

A = NodeId("left", "t", "issue", "a")
B = NodeId("right", "t", "asset", "b")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def _edge(*, directed: bool = True, created_at: datetime | None = None, deleted: bool = False) -> Edge:
    return Edge(A, B, "related_to", directed, created_at=created_at, deleted=deleted)


@pytest.mark.parametrize(
    ("direction", "from_subject", "from_object"),
    [
        (Direction.OUT, Verdict.FOLLOW, Verdict.LEAVE),
        (Direction.IN, Verdict.LEAVE, Verdict.FOLLOW),
        (Direction.BOTH, Verdict.FOLLOW, Verdict.FOLLOW),
    ],
)
def test_a_directed_edge_is_followed_the_way_asked(
    direction: Direction, from_subject: Verdict, from_object: Verdict
) -> None:
    """Out leads from the subject, in from the object, both from either."""
    rule = Rule(direction=direction)
    assert rule.judge(_edge(), at=A) is from_subject
    assert rule.judge(_edge(), at=B) is from_object


@pytest.mark.parametrize("direction", Direction)
def test_an_undirected_edge_counts_for_every_direction(direction: Direction) -> None:
    """Whatever the direction asked for, an undirected edge is followed from both ends."""
    rule = Rule(direction=direction)
    verdicts = [rule.judge(_edge(directed=False), at=end) for end in (A, B)]
    assert verdicts == [Verdict.FOLLOW, Verdict.FOLLOW]


@pytest.mark.parametrize("direction", Direction)
def test_a_directed_loop_leads_every_way(direction: Direction) -> None:
    """A loop's node is its subject and its object."""
    assert Rule(direction=direction).judge(Edge(A, A, "r", directed=True), at=A) is Verdict.FOLLOW


def test_only_the_relations_asked_for_are_followed() -> None:
    """With relations named, any other is left; with none named, all are followed."""
    assert Rule(relations=frozenset({"related_to"})).judge(_edge(), at=A) is Verdict.FOLLOW
    assert Rule(relations=frozenset({"owns"})).judge(_edge(), at=A) is Verdict.LEAVE
    assert Rule().judge(_edge(), at=A) is Verdict.FOLLOW


@pytest.mark.parametrize(
    ("wanted", "told", "verdict"),
    [
        (Deleted.EXCLUDE, False, Verdict.FOLLOW),
        (Deleted.EXCLUDE, True, Verdict.LEAVE),
        (Deleted.INCLUDE, False, Verdict.FOLLOW),
        (Deleted.INCLUDE, True, Verdict.FOLLOW),
        (Deleted.ONLY, False, Verdict.LEAVE),
        (Deleted.ONLY, True, Verdict.FOLLOW),
    ],
)
def test_deleted_relations_are_followed_as_asked(wanted: Deleted, told: bool, verdict: Verdict) -> None:  # noqa: FBT001 - a parameter of the test
    """Exclude, include and only mean what they say."""
    assert Rule(filter=Filter(deleted=wanted)).judge(_edge(deleted=told), at=A) is verdict


@pytest.mark.parametrize(
    ("filter_", "from_a", "from_b"),
    [
        (Filter(with_namespace=("right",)), Verdict.FOLLOW, Verdict.LEAVE),
        (Filter(with_namespace=("left", "other")), Verdict.LEAVE, Verdict.FOLLOW),
        (Filter(with_type=("asset",)), Verdict.FOLLOW, Verdict.LEAVE),
        (Filter(with_type=("issue", "asset")), Verdict.FOLLOW, Verdict.FOLLOW),
        (Filter(with_key="b"), Verdict.FOLLOW, Verdict.LEAVE),
        (Filter(with_key=""), Verdict.LEAVE, Verdict.LEAVE),
        (Filter(with_type=("asset",), with_key="a"), Verdict.LEAVE, Verdict.LEAVE),
    ],
)
def test_the_other_end_is_seen_from_where_one_stands(
    filter_: Filter, from_a: Verdict, from_b: Verdict
) -> None:
    """Conditions on the other end bind the end that is not expanded, all of them at once."""
    rule = Rule(filter=filter_)
    assert rule.judge(_edge(directed=False), at=A) is from_a
    assert rule.judge(_edge(directed=False), at=B) is from_b


@pytest.mark.parametrize(
    ("after", "before", "created", "verdict"),
    [
        (NOON, None, NOON, Verdict.LEAVE),
        (NOON, None, NOON + MOMENT, Verdict.FOLLOW),
        (None, NOON, NOON, Verdict.LEAVE),
        (None, NOON, NOON - MOMENT, Verdict.FOLLOW),
        (NOON - MOMENT, NOON + MOMENT, NOON, Verdict.FOLLOW),
        (NOON, None, None, Verdict.UNDECIDED),
        (None, NOON, None, Verdict.UNDECIDED),
        (None, None, None, Verdict.FOLLOW),
    ],
)
def test_times_are_exclusive_and_without_one_nothing_is_decided(
    after: datetime | None, before: datetime | None, created: datetime | None, verdict: Verdict
) -> None:
    """A relation created at the bound itself is out; one without a time can not be judged."""
    rule = Rule(filter=Filter(created_after=after, created_before=before))
    assert rule.judge(_edge(created_at=created), at=A) is verdict


@pytest.mark.parametrize(
    "rule",
    [
        Rule(direction=Direction.IN, filter=Filter(created_after=NOON)),
        Rule(relations=frozenset({"owns"}), filter=Filter(created_after=NOON)),
        Rule(filter=Filter(created_after=NOON, with_key="zzz")),
        Rule(filter=Filter(created_after=NOON, deleted=Deleted.ONLY)),
    ],
)
def test_what_anything_else_rules_out_is_not_undecided(rule: Rule) -> None:
    """A relation without a time that fails another condition is simply left."""
    assert rule.judge(_edge(), at=A) is Verdict.LEAVE


_edges = st.builds(
    Edge,
    st.sampled_from([A, B]),
    st.sampled_from([A, B]),
    st.sampled_from(["related_to", "owns"]),
    directed=st.booleans(),
    created_at=st.none() | st.sampled_from([NOON, NOON + MOMENT]),
    deleted=st.booleans(),
)
_rules = st.builds(
    Rule,
    direction=st.sampled_from(Direction),
    relations=st.none() | st.just(frozenset({"owns"})),
    filter=st.builds(
        Filter,
        deleted=st.sampled_from(Deleted),
        created_after=st.none() | st.just(NOON),
        with_type=st.just(()) | st.just(("asset",)),
    ),
)


@given(rule=_rules, edges=st.lists(_edges, max_size=4))
def test_a_rule_knows_when_it_need_not_look_closer(rule: Rule, edges: list[Edge]) -> None:
    """An even rule judges both ends alike; what a plain one follows, it follows one by one, too."""
    if rule.is_even:
        assert all(rule.judge(edge, at=edge.subject) is rule.judge(edge, at=edge.object) for edge in edges)
    if rule.is_plain:
        assert rule.is_even
        followed = [edge for edge in edges if rule.judge(edge, at=edge.subject) is Verdict.FOLLOW]
        assert list(rule.followed(edges)) == followed
        assert all(rule.judge(edge, at=edge.subject) is not Verdict.UNDECIDED for edge in edges)


def test_the_rule_of_most_requests_is_plain() -> None:
    """Nothing asked for, or only what is deleted."""
    assert Rule().is_plain
    assert Rule(filter=Filter(deleted=Deleted.ONLY)).is_plain
    assert not Rule(direction=Direction.OUT).is_plain
    assert not Rule(relations=frozenset({"owns"})).is_plain
