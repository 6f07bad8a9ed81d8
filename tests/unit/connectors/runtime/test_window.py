"""The sliding window, as a state machine of pure numbers."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.runtime.window import Window


@given(
    capacity=st.integers(1, 5),
    steps=st.lists(st.tuples(st.floats(0, 30), st.booleans()), min_size=1, max_size=60),
)
def test_no_span_ever_holds_more_than_the_capacity(capacity: int, steps: list[tuple[float, bool]]) -> None:
    """Whatever the arrivals and returns, kept times never come denser than allowed, nor out of order."""
    window = Window(capacity=capacity, span=60)
    now, kept = 0.0, list[float]()
    for gap, returned in steps:
        now += gap
        at = window.take(now)
        assert at >= now
        assert not kept or at >= kept[-1]
        if returned and at > now:
            window.give_back(at)
        else:
            kept.append(at)
    for first, last in zip(kept, kept[capacity:], strict=False):
        assert last - first >= 60 - 1e-9


def test_a_burst_up_to_the_capacity_goes_at_once() -> None:
    """Nothing is smoothed: the upstream allows so many a minute, in whatever rhythm."""
    window = Window(capacity=3, span=60)
    assert [window.take(10) for _ in range(7)] == [10, 10, 10, 70, 70, 70, 130]


def test_a_time_given_back_goes_to_the_next() -> None:
    """Who leaves the line shortens it for those who come later."""
    window = Window(capacity=1, span=60)
    window.take(0)
    later = window.take(0)
    window.give_back(later)
    assert window.take(0) == later == 60


def test_a_time_that_counts_no_more_cannot_be_given_back() -> None:
    """After its span a time is forgotten, and who gives it back takes nothing from the others."""
    window = Window(capacity=1, span=60)
    early = window.take(0)
    late = window.take(70)
    window.give_back(early)
    assert window.earliest(71) == late + 60


def test_without_a_capacity_nobody_waits() -> None:
    """An upstream without a known limit is called freely, and nothing is remembered of it."""
    window = Window(capacity=None, span=60)
    assert [window.take(5) for _ in range(1000)] == [5] * 1000
    window.give_back(5)
    assert window.idle(5)


def test_a_closed_window_opens_at_its_time() -> None:
    """Nothing goes out while the upstream wants rest, however short a later wish is."""
    window = Window(capacity=None, span=60)
    window.close(30)
    window.close(20)
    assert (window.earliest(10), window.earliest(40)) == (30, 40)


def test_looking_does_not_count() -> None:
    """`earliest` only tells."""
    window = Window(capacity=1, span=60)
    assert [window.earliest(1), window.earliest(1), window.take(1)] == [1, 1, 1]


def test_a_window_is_idle_when_it_remembers_nothing() -> None:
    """A minute after its last call, and when its rest is over, a window may be forgotten."""
    window = Window(capacity=1, span=60)
    assert window.idle(0)
    window.take(0)
    assert not window.idle(59)
    assert window.idle(60)
    window.close(100)
    assert not window.idle(99)
    assert window.idle(100)
