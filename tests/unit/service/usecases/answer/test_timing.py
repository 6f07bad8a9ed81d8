"""Every page has time for what is new, however long what is old takes, and no more than its share is late."""

import pytest

from harness.toy import FixedClock
from service.usecases.answer.reserve import Reserve
from service.usecases.answer.timing import Timing


def _timing(clock: FixedClock, *, timeout: float) -> Timing:
    return Timing(Reserve(), clock, clock.monotonic(), timeout)


def test_a_first_page_has_its_timeout() -> None:
    """Its sources have what telling leaves, and half of it at least."""
    timing = _timing(FixedClock(), timeout=2.0)
    assert timing.deadline(0) == 1002.0
    assert 1001.0 < timing.deadline(1_000) < 1002.0
    assert timing.deadline(10**9) == 1001.0
    assert timing.spare(0)(0) == 2.0


def test_a_later_page_is_in_time_if_what_is_old_leaves_enough() -> None:
    """Going through the old records once more is part of the page."""
    clock = FixedClock()
    timing = _timing(clock, timeout=2.0)
    clock.passed += 0.1
    end = timing.go_on(records=1_000, fruitless=0)
    assert end == pytest.approx(1002.0 - Reserve().takes(1_000))
    # What is old is not reckoned twice.
    assert timing.deadline(1_000) == end


@pytest.mark.parametrize(
    ("played", "fruitless", "own"),
    [(1.5, 0, 1.0), (40.0, 0, 10.0), (1.5, 1, 1.0), (0.0, 9, 2.0)],
    ids=["half", "quarter-of-the-replay", "fruitless", "in-time"],
)
def test_a_later_page_has_time_of_its_own(played: float, fruitless: int, own: float) -> None:
    """Half of the timeout, or a quarter of what came before if that was long; its sources have half of it."""
    clock = FixedClock()
    timing = _timing(clock, timeout=2.0)
    clock.passed += played
    now = clock.monotonic()
    assert timing.go_on(records=0, fruitless=fruitless) == pytest.approx(now + own)
    assert timing.deadline(10**9) == pytest.approx(now + own / 2)
    assert timing.spare(0)(0) == pytest.approx(own)


@pytest.mark.parametrize(("fruitless", "own"), [(0, 0.025), (1, 0.2), (2, 0.8), (3, 0.8)])
def test_a_page_after_pages_in_vain_has_more(fruitless: int, own: float) -> None:
    """What was only held up for a moment is not missed because the caller is in a hurry."""
    clock = FixedClock()
    timing = _timing(clock, timeout=0.05)
    clock.passed += 0.05
    assert timing.go_on(records=0, fruitless=fruitless) == pytest.approx(clock.monotonic() + own)
