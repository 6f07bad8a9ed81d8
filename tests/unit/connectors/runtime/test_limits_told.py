"""What rate-limit headers of every generation tell, and that nonsense tells nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.runtime.limits_told import LONGEST_RESET, LimitsTold, read_limits
from connectors.wire import Reply

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


def told(**headers: str) -> tuple[int | None, float | None]:
    """Give what is left and for how many seconds; header names with underscores."""
    limits = read_limits(Reply(200, NOW, {name.replace("_", "-"): value for name, value in headers.items()}))
    return limits.remaining, None if limits.reset is None else limits.reset.total_seconds()


def test_without_headers_nothing_is_told() -> None:
    """Most upstreams say nothing."""
    assert read_limits(Reply(200, NOW)) == LimitsTold(None, None)


@pytest.mark.parametrize(
    ("limit", "policy", "expected"),
    [
        ('"default";r=50;t=30', "", (50, 30)),
        ("default;r=50;t=30", "", (50, 30)),
        ('"default";r=50', '"default";q=100;w=60', (50, 60)),
        ('"default";r=50;t=3', '"default";q=100;w=60', (50, 3)),
        ('"default";r=50', '"other";q=100;w=60', (50, None)),
        ('"day";r=900;t=3000, "minute";r=2;t=40', "", (2, 40)),
        ('"a";r=0;t=5, "b";r=0;t=50', "", (0, 50)),
        ("limit=100, remaining=50, reset=5", "", (50, 5)),
        ("limit=100, remaining=50, reset=5", "100;w=60", (50, 5)),
    ],
)
def test_the_structured_header(limit: str, policy: str, expected: tuple[int, float]) -> None:
    """Both drafts of it are read; of several limits the tightest counts, at worst for its window."""
    assert told(ratelimit=limit, ratelimit_policy=policy) == expected


@pytest.mark.parametrize("family", ["ratelimit", "x_ratelimit", "x_rate_limit"])
@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("30", 30),
        ("1.5", 1.5),
        (f"{EPOCH + 30}", 30),
        (f"{EPOCH + 30}000", 30),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30),
        ("", None),
        ("soon", None),
        ("-5", None),
        (f"{EPOCH - 30}", 0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0),
        ("9" * 17, 3600),
        ("86400", 3600),
        (f"{EPOCH + 10**8}", 3600),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
        ("9" * 400, None),
        ("\u0663\u0660", None),
    ],
)
def test_the_older_headers(family: str, reset: str, seconds: float | None) -> None:
    """A reset is seconds, a moment since 1970, or a date; the past is now, an absurd one an hour."""
    assert told(**{f"{family}_remaining": " 7 ", f"{family}_reset": reset}) == (7, seconds)


@pytest.mark.parametrize(
    "remaining", ["", "-1", "many", "1e3", "0x10", "\u0667", "9" * 400, "1, 2", "\x00", "1_000"]
)
def test_a_number_that_is_none_is_nothing(remaining: str) -> None:
    """Without a sound number of calls left there is nothing to go by, whatever the reset says."""
    assert told(x_ratelimit_remaining=remaining, x_ratelimit_reset="30") == (None, None)


def test_an_immense_number_is_cut() -> None:
    """What is left is never more than a million."""
    assert told(x_ratelimit_remaining="9" * 17) == (1_000_000, None)
    assert told(ratelimit='"a";r=999999999999999;t=999999999999999') == (1_000_000, 3600)


@pytest.mark.parametrize(
    "limit",
    [
        "junk;;",
        '"a";r=-1;t=5',
        '"a";r="5"',
        '"a";t=5',
        '"a";r=?1',
        "5;r=5",
        "limit=5",
        'x="',
        '"a";r=1' * 500,
    ],
)
def test_a_structured_header_that_makes_no_sense_is_nothing(limit: str) -> None:
    """It is not guessed at; an older header beside it is read instead."""
    assert told(ratelimit=limit) == (None, None)
    assert told(ratelimit=limit, x_ratelimit_remaining="3") == (3, None)


NAMES = ("ratelimit", "ratelimit-policy", "ratelimit-remaining", "ratelimit-reset", "x-ratelimit-reset")
VALUES = st.text(max_size=30) | st.text('"a1=;,.- rtw', max_size=30) | st.integers().map(str)


@given(st.dictionaries(st.sampled_from((*NAMES, "x-ratelimit-remaining")), VALUES))
def test_nothing_that_a_header_holds_can_do_harm(headers: dict[str, str]) -> None:
    """Any text is read without an error, and what comes out is within bounds."""
    limits = read_limits(Reply(200, NOW, headers))
    assert limits.remaining is None or 0 <= limits.remaining <= 1_000_000
    assert limits.reset is None or timedelta(0) <= limits.reset <= LONGEST_RESET
    assert limits.remaining is not None or limits.reset is None
