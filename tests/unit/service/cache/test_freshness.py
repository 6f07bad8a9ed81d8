"""Freshness is judged at read time, by each caller for itself."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Filter, Freshness
from connectors.model import Edge, NodeFacts, NodeId
from connectors.walk import Listing
from connectors.wire import Aspect
from service.cache.freshness import (
    UNLIMITED,
    Standing,
    Tolerance,
    classify_age,
    is_negative,
    jitter_of,
    retention,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = Freshness(
    ttl=timedelta(seconds=100), stale_for=timedelta(seconds=1000), absent_ttl=timedelta(seconds=10)
)
NODE = NodeId("observable", None, "domain", "acescency.com")
seconds = st.integers(0, 5000).map(lambda n: timedelta(seconds=n))
tolerances = st.builds(
    Tolerance,
    max_age=st.none() | seconds,
    max_stale=st.none() | seconds | st.just(UNLIMITED),
    stale_if_error=st.none() | seconds,
    only_if_cached=st.booleans(),
)


def _judge(
    age: float, tolerance: Tolerance | None = None, *, negative: bool = False, jitter: float = 1.0
) -> Standing:
    return classify_age(
        NOW - timedelta(seconds=age),
        negative=negative,
        policy=POLICY,
        tolerance=tolerance or Tolerance(),
        now=NOW,
        jitter=jitter,
    )


def _ask(**limits: float) -> Tolerance:
    return Tolerance(**{name: timedelta(seconds=value) for name, value in limits.items()})


@pytest.mark.parametrize(
    ("age", "standing"),
    [
        (-60, Standing.FRESH),
        (0, Standing.FRESH),
        (99.9, Standing.FRESH),
        (100, Standing.STALE_WHILE_REVALIDATE),
        (160, Standing.STALE_WHILE_REVALIDATE),
        (160.1, Standing.STALE_IF_ERROR),
        (1099.9, Standing.STALE_IF_ERROR),
        (1100, Standing.DEAD),
    ],
)
def test_the_policy_decides_when_the_caller_says_nothing(age: float, standing: Standing) -> None:
    """Fresh for the ttl, a minute more beside a slow source, then in place of a failure, then dead."""
    assert _judge(age) is standing


@pytest.mark.parametrize(
    ("age", "max_age", "standing"),
    [
        (0, 0, Standing.STALE_IF_ERROR),
        (29, 30, Standing.FRESH),
        (30, 30, Standing.STALE_IF_ERROR),
        (500, 600, Standing.FRESH),
        (1099, 9999, Standing.FRESH),
        (1100, 9999, Standing.DEAD),
    ],
)
def test_max_age_takes_the_place_of_the_ttl(age: float, max_age: float, standing: Standing) -> None:
    """A caller may ask for newer or be content with older, never with what is past retention."""
    assert _judge(age, _ask(max_age=max_age)) is standing


@pytest.mark.parametrize(
    ("age", "asked", "standing"),
    [
        (49, {"max_age": 0, "least_max_age": 50}, Standing.FRESH),
        (50, {"max_age": 0, "least_max_age": 50}, Standing.STALE_IF_ERROR),
        (60, {"max_age": 70, "least_max_age": 50}, Standing.FRESH),
        (99, {"max_age": 0, "least_max_age": 500}, Standing.FRESH),
        (100, {"max_age": 0, "least_max_age": 500}, Standing.STALE_IF_ERROR),
        (100, {"least_max_age": 500}, Standing.STALE_WHILE_REVALIDATE),
    ],
)
def test_the_floor_makes_nothing_fresher_than_the_ttl_does(
    age: float, asked: dict[str, float], standing: Standing
) -> None:
    """Under it nobody's `max_age` goes; who insists on newer is never given older than who says nothing."""
    assert _judge(age, _ask(**asked)) is standing


@pytest.mark.parametrize(
    ("age", "standing"),
    [
        (99, Standing.FRESH),
        (150, Standing.STALE_OK),
        (151, Standing.STALE_WHILE_REVALIDATE),
        (1100, Standing.DEAD),
    ],
)
def test_max_stale_serves_without_asking(age: float, standing: Standing) -> None:
    """Who takes stale answers gets one without a call, as far as it said."""
    assert _judge(age, _ask(max_stale=50)) is standing


def test_max_stale_without_a_limit_takes_whatever_there_is() -> None:
    """Unlimited reaches as far as retention and no further."""
    assert _judge(1099, Tolerance(max_stale=UNLIMITED)) is Standing.STALE_OK
    assert _judge(1100, Tolerance(max_stale=UNLIMITED)) is Standing.DEAD


@pytest.mark.parametrize(
    ("age", "standing"), [(120, Standing.STALE_WHILE_REVALIDATE), (121, Standing.DEAD), (99, Standing.FRESH)]
)
def test_stale_if_error_takes_the_place_of_stale_for(age: float, standing: Standing) -> None:
    """A caller that wants no old answers in place of a failure gets none."""
    assert _judge(age, _ask(stale_if_error=20)) is standing


def test_only_if_cached_never_waits_for_a_failure() -> None:
    """Where no call may be made there is no failed call whose place an old answer could take."""
    assert _judge(99, Tolerance(only_if_cached=True)) is Standing.FRESH
    assert _judge(101, Tolerance(only_if_cached=True)) is Standing.DEAD
    kind = Tolerance(only_if_cached=True, max_stale=timedelta(seconds=5))
    assert _judge(101, kind) is Standing.STALE_OK


@pytest.mark.parametrize("age", [10, 50, 99])
def test_emptiness_does_not_outlive_its_own_ttl(age: float) -> None:
    """Known emptiness is dead after `absent_ttl`, whatever the caller would take."""
    assert _judge(9.9, negative=True) is Standing.FRESH
    generous = Tolerance(max_age=UNLIMITED, max_stale=UNLIMITED, stale_if_error=UNLIMITED)
    assert _judge(age, generous, negative=True) is Standing.DEAD


def test_jitter_shortens_the_policy_and_not_the_ask() -> None:
    """An entry's share of its life applies to the ttl; a caller's own number is taken exactly."""
    assert _judge(85, jitter=0.8) is Standing.STALE_WHILE_REVALIDATE
    assert _judge(85, _ask(max_age=90), jitter=0.8) is Standing.FRESH
    assert _judge(8.5, negative=True, jitter=0.8) is Standing.STALE_IF_ERROR


@given(age=st.integers(0, 2000), later=st.integers(0, 500), tolerance=tolerances, jitter=st.floats(0.8, 1.0))
def test_growing_old_never_helps(age: int, later: int, tolerance: Tolerance, jitter: float) -> None:
    """An older entry is never good for more than a younger one."""
    rank = list(Standing).index
    younger = _judge(age, tolerance, jitter=jitter)
    assert rank(_judge(age + later, tolerance, jitter=jitter)) >= rank(younger)


@given(age=st.integers(0, 4000), tolerance=tolerances, negative=st.booleans(), jitter=st.floats(0.8, 1.0))
def test_nothing_lives_past_retention(age: int, tolerance: Tolerance, negative: bool, jitter: float) -> None:  # noqa: FBT001 - hypothesis passes by name
    """No caller gets what is older than its retention."""
    if timedelta(seconds=age) >= retention(POLICY, negative=negative):
        assert _judge(age, tolerance, negative=negative, jitter=jitter) is Standing.DEAD


@given(key=st.text())
def test_jitter_is_the_same_everywhere(key: str) -> None:
    """The share of its life depends on the key alone, and is between 0.8 and 1."""
    assert jitter_of(key) == jitter_of(key)
    assert 0.8 <= jitter_of(key) <= 1.0


def test_jitter_spreads() -> None:
    """Entries written together do not end together."""
    shares = sorted(jitter_of(f"rg1:{n}") for n in range(200))
    assert shares[0] < 0.82
    assert shares[-1] > 0.98


def test_retention_is_what_the_policy_could_ever_serve() -> None:
    """A store keeps an entry for ttl and stale_for, emptiness for absent_ttl, times the jitter."""
    assert retention(POLICY, negative=False) == timedelta(seconds=1100)
    assert retention(POLICY, negative=True) == timedelta(seconds=10)
    assert retention(POLICY, negative=False, jitter=0.5) == timedelta(seconds=550)


def _listing(aspect: Aspect, **parts: object) -> Listing:
    return Listing(NODE, aspect, Filter(), NOW, **parts)


@pytest.mark.parametrize(
    ("shown", "negative"),
    [
        (_listing(Aspect.RELATIONS, absent=True), True),
        (_listing(Aspect.RELATIONS), True),
        (_listing(Aspect.RELATIONS, facts=(NodeFacts(NODE),)), True),
        (_listing(Aspect.RELATIONS, edges=(Edge(NODE, NODE, "r", directed=True),)), False),
        (_listing(Aspect.DESCRIPTION), True),
        (_listing(Aspect.DESCRIPTION, facts=(NodeFacts(NODE),)), False),
        (_listing(Aspect.DESCRIPTION, canonical=NODE), False),
        (_listing(Aspect.DESCRIPTION, absent=True, facts=(NodeFacts(NODE),)), True),
    ],
)
def test_emptiness_is_judged_by_what_was_asked(shown: Listing, negative: bool) -> None:  # noqa: FBT001 - a parameter of the table above
    """No relations where relations were asked for, no facts where a description was."""
    assert is_negative(shown) is negative
