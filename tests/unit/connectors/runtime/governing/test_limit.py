"""How many calls at once, with numbers for a clock."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.runtime.governing.limit import AdaptiveLimit


@given(
    st.integers(1, 20),
    st.lists(st.tuples(st.floats(0, 5), st.floats(0, 10), st.booleans(), st.booleans()), max_size=80),
)
def test_it_stays_within_one_and_what_is_configured(
    most: int, calls: list[tuple[float, float, bool, bool]]
) -> None:
    """Whatever the calls tell, there is a place, and no more than configured."""
    limit, now = AdaptiveLimit(most, float(most)), 0.0
    for gap, took, overloaded, used in calls:
        now += gap
        limit.learn(took=took, overloaded=overloaded, used=used, now=now)
        assert 1 <= limit.places <= most
        assert 1.0 <= limit.value <= most


def test_refusals_of_one_moment_are_one_step() -> None:
    """Calls that left under the old limit and are refused together take it down once."""
    limit = AdaptiveLimit(10, 10.0)
    for _ in range(5):
        limit.learn(took=0.1, overloaded=True, used=True, now=3.0)
    assert limit.value == 7.0
    limit.learn(took=0.1, overloaded=True, used=True, now=4.0)
    assert limit.value == 7.0 * 0.7


def test_a_step_up_takes_a_round_of_good_calls_that_use_it() -> None:
    """Idleness proves nothing; as many good calls as there are places add about one."""
    limit = AdaptiveLimit(10, 4.0)
    limit.learn(took=0.1, overloaded=False, used=False, now=1)
    assert limit.value == 4.0
    for _ in range(5):
        limit.learn(took=0.1, overloaded=False, used=True, now=1)
    assert limit.places == 5


def test_much_slower_replies_are_a_mild_step() -> None:
    """Replies that take many times what they used to say that the upstream is tired."""
    limit = AdaptiveLimit(10, 10.0)
    for n in range(100):
        limit.learn(took=0.1, overloaded=False, used=True, now=n)
    assert limit.value == 10.0
    limit.learn(took=2.0, overloaded=False, used=True, now=100)
    assert limit.value == 9.0


def test_a_lane_configured_smaller_obeys_at_once() -> None:
    """A new configuration bounds the places of a limit that was found under the old one."""
    limit = AdaptiveLimit(10, 10.0)
    limit.most = 2
    assert limit.places == 2
