"""How many calls at once, with numbers for a clock."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.runtime.governing.limit import AdaptiveLimit

GOOD = {"overloaded": False, "unanswered": False}
REFUSED = {"overloaded": True, "unanswered": False}
SILENT = {"overloaded": False, "unanswered": True}


@given(
    st.integers(1, 20),
    st.lists(
        st.tuples(
            st.floats(0, 5), st.floats(0, 10), st.sampled_from([GOOD, REFUSED, SILENT]), st.integers(0, 20)
        ),
        max_size=80,
    ),
)
def test_it_stays_within_one_and_what_is_configured(
    most: int, calls: list[tuple[float, float, dict[str, bool], int]]
) -> None:
    """Whatever the calls tell, there is a place, and no more than configured."""
    limit, now = AdaptiveLimit(most, float(most)), 0.0
    for gap, took, met, away in calls:
        now += gap
        limit.learn(took=took, under_way=away, now=now, **met)
        assert 1 <= limit.places <= most
        assert 1.0 <= limit.value <= most


def test_refusals_of_one_moment_are_one_step() -> None:
    """Calls that left under the old limit and are refused together take it down once."""
    limit = AdaptiveLimit(10, 10.0)
    for _ in range(5):
        limit.learn(took=0.1, **REFUSED, under_way=10, now=3.0)
    assert limit.value == 7.0
    limit.learn(took=0.1, **REFUSED, under_way=10, now=4.0)
    assert limit.value == 7.0 * 0.7


def test_a_step_up_takes_a_round_of_good_calls_that_use_it() -> None:
    """Idleness proves nothing; as many good calls as there are places add about one."""
    limit = AdaptiveLimit(10, 4.0)
    limit.learn(took=0.1, **GOOD, under_way=3, now=1)
    assert limit.value == 4.0
    for _ in range(5):
        limit.learn(took=0.1, **GOOD, under_way=5, now=1)
    assert limit.places == 5


def test_much_slower_replies_are_a_mild_step() -> None:
    """Replies that take many times what they used to say that the upstream is tired."""
    limit = AdaptiveLimit(10, 10.0)
    for n in range(100):
        limit.learn(took=0.1, **GOOD, under_way=10, now=n)
    assert limit.value == 10.0
    limit.learn(took=2.0, **GOOD, under_way=10, now=100)
    assert limit.value == 9.0


def test_a_lane_configured_smaller_obeys_at_once() -> None:
    """A new configuration bounds the places of a limit that was found under the old one."""
    limit = AdaptiveLimit(10, 10.0)
    limit.most = 2
    assert limit.places == 2


def test_a_steady_slow_upstream_keeps_its_places() -> None:
    """Who asks one call at a time of an upstream that became slow for good is no reason to ask fewer."""
    limit = AdaptiveLimit(20, 20.0)
    for n in range(50):
        limit.learn(took=0.1, **GOOD, under_way=1, now=n)
    for n in range(60):
        limit.learn(took=8.0, **GOOD, under_way=1, now=100 + 8 * n)
    assert limit.value == 20.0


def test_a_slow_upstream_in_full_use_gets_fewer_and_then_more_again() -> None:
    """What became slow under full use is given less, and what stays as slow is what calls usually take."""
    limit, values = AdaptiveLimit(20, 20.0), []
    for n in range(50):
        limit.learn(took=0.1, **GOOD, under_way=20, now=n)
    for n in range(400):
        limit.learn(took=1.0, **GOOD, under_way=20, now=100 + n / 20)
        values.append(limit.value)
    assert 10 < min(values) < 20
    assert values[-1] == 20.0


def test_who_has_no_time_for_a_slow_upstream_takes_no_places_from_others() -> None:
    """Calls given up sooner than replies usually come teach nothing; a much longer silence does."""
    limit = AdaptiveLimit(20, 20.0)
    for n in range(20):
        limit.learn(took=8.0, **GOOD, under_way=20, now=n)
        limit.learn(took=6.0, **SILENT, under_way=20, now=n + 0.5)
    assert limit.value == 20.0
    limit.learn(took=20.0, **SILENT, under_way=20, now=30)
    assert limit.value == 14.0
