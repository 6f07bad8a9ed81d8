"""Tests of the sliding minute."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.autodesk.quota import WINDOW, Quota

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@given(gaps=st.lists(st.integers(0, 30), max_size=60), limit=st.integers(1, 5))
def test_no_minute_holds_more_than_the_limit(gaps: list[int], limit: int) -> None:
    """Whenever the calls come, no window of a minute has more than the limit granted."""
    quota, now, granted = Quota(), START, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        if quota.take("ines", limit=limit, now=now) is None:
            granted.append(now)
    assert all(later - earlier >= WINDOW for earlier, later in zip(granted, granted[limit:], strict=False))


@given(gaps=st.lists(st.integers(0, 30), max_size=60), limit=st.integers(1, 5))
def test_the_wait_told_is_exactly_enough(gaps: list[int], limit: int) -> None:
    """After the wait that a refusal names a call is granted, a moment before it is not."""
    quota, now = Quota(), START
    for gap in gaps:
        now += timedelta(seconds=gap)
        wait = quota.take("ines", limit=limit, now=now)
        if wait is not None:
            just_before = now + wait - timedelta(microseconds=1)
            assert quota.take("ines", limit=limit, now=just_before) is not None
            now += wait
            assert quota.take("ines", limit=limit, now=now) is None


def test_names_are_counted_apart_and_a_lowered_limit_holds_at_once() -> None:
    """One user's calls are not another's, and lowering the limit counts the calls already made."""
    quota = Quota()
    assert [quota.take("ines", limit=3, now=START) for _ in range(3)] == [None] * 3
    assert quota.take("marc", limit=3, now=START) is None
    assert quota.take("ines", limit=1, now=START + timedelta(seconds=20)) == timedelta(seconds=40)
    assert quota.take("ines", limit=None, now=START) is None
    assert quota.take("otto", limit=0, now=START) == WINDOW


def test_another_window_is_kept_to_as_well() -> None:
    """With a window of two seconds the limit is that of any two seconds, and the wait is shorter."""
    quota, window = Quota(), timedelta(seconds=2)
    assert [quota.take("ines", limit=2, now=START, window=window) for _ in range(2)] == [None] * 2
    for passed, wait in ((1, timedelta(seconds=1)), (2, None)):
        now = START + timedelta(seconds=passed)
        assert quota.take("ines", limit=2, now=now, window=window) == wait
