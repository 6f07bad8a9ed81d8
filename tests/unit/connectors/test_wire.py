"""Calls go on the wire percent-encoded; replies tell how long to wait, in every form."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.wire import Call, Reply

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
texts = st.text(st.characters(exclude_categories=["Cs"]))


def wait(header: str) -> timedelta | None:
    """Give the wait that a Retry-After header asks for."""
    return Reply(429, NOW, {"retry-after": header}).retry_after


def test_without_a_query_the_target_is_the_path() -> None:
    """A call without a query ends with its path."""
    assert Call("GET", "/a%20b", ()).target == "/a%20b"


@given(st.lists(st.tuples(texts, texts)))
def test_a_query_reads_back(query: list[tuple[str, str]]) -> None:
    """Any query is sent as printable ASCII, a space as %20, and is read back as it was."""
    target = Call("GET", "/a", (), query=tuple(query)).target
    assert target.isascii()
    assert target.isprintable()
    assert "+" not in target
    assert parse_qsl(target.partition("?")[2], keep_blank_values=True) == query


def test_calls_are_values() -> None:
    """Equal calls are one in a set, so that none is made twice."""
    assert (
        len({Call("GET", "/a", (), headers=(("x", "y"),)), Call("GET", "/a", (), headers=(("x", "y"),))}) == 1
    )


def test_a_reply_has_no_headers_unless_given() -> None:
    """Without headers nothing says to wait."""
    assert Reply(503, NOW).retry_after is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), (" 7 ", 7), ("0", 0), ("007", 7), ("86401", 86_400), ("9" * 400, 86_400)],
)
def test_seconds_are_waited_up_to_a_day(header: str, seconds: int) -> None:
    """A whole number is seconds; nobody is made to wait for more than a day."""
    assert wait(header) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Fri, 02 Jan 2026 03:04:15 GMT", 10),
        ("Friday, 02-Jan-26 03:04:15 GMT", 10),
        ("Fri Jan  2 03:04:15 2026", 10),
        ("Fri, 02 Jan 2026 03:04:15 -0000", 10),
        ("Fri, 02 Jan 2026 04:04:15 +0100", 10),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
    ],
)
def test_a_date_in_each_form_of_http_is_waited_for(header: str, seconds: int) -> None:
    """All three forms of an HTTP date are read as UTC, and a century is cut to a day."""
    assert wait(header) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "header",
    ["", "soon", "-7", "1.5", "\u0667", "Fri, 02 Jan 2026 03:04:05 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"],
)
def test_nonsense_and_the_past_are_no_wait(header: str) -> None:
    """What is no number and no date, and what has been, gives no wait."""
    assert wait(header) is None


@given(st.text() | st.datetimes(timezones=st.just(UTC)).map(lambda time: format_datetime(time, usegmt=True)))
def test_no_header_asks_for_more_than_a_day(header: str) -> None:
    """Whatever the header says, the wait is None or between nothing and a day."""
    told = wait(header)
    assert told is None or timedelta(0) <= told <= timedelta(days=1)


def test_defect_15_retry_after_in_seconds() -> None:
    """A number is seconds."""
    assert wait("120") == timedelta(minutes=2)


def test_defect_15_retry_after_as_a_date() -> None:
    """A date is waited for from when the reply came."""
    assert wait("Fri, 02 Jan 2026 03:06:05 GMT") == timedelta(minutes=2)


def test_defect_15_a_negative_retry_after() -> None:
    """Less than nothing, and a date that has been, are no wait."""
    assert (wait("-120"), wait("Fri, 02 Jan 2026 03:02:05 GMT")) == (None, None)


def test_defect_15_a_retry_after_of_a_century() -> None:
    """A hundred years, as a number or as a date, are cut to a day."""
    day = timedelta(days=1)
    assert (wait("3155760000"), wait("Wed, 02 Jan 2126 03:04:05 GMT")) == (day, day)
