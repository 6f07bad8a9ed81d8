"""Listings go on by the token or the numbers of the next pages, and keep the rest of the call."""

import pytest

from connectors.errors import SourceContractError
from connectors.paging import by_cursor, by_number
from connectors.wire import Call

OPENING = Call("GET", "/a", (), query=(("q", "1"), ("limit", "9")), headers=(("x", "y"),), memo=("m",))


@pytest.mark.parametrize("token", [None, ""])
def test_no_token_ends_the_listing(token: str | None) -> None:
    """Absent, null and empty tokens name no further page."""
    assert by_cursor(OPENING, parameter="from", token=token, path="$.next") == ()


def test_a_token_is_added_to_the_call() -> None:
    """The next page is the same call with the token, and opens nothing."""
    (call,) = by_cursor(OPENING, parameter="from", token="t/1", path="$.next")
    assert call.query == (("q", "1"), ("limit", "9"), ("from", "t/1"))
    assert (call.opening, call.headers, call.memo) == (False, (("x", "y"),), ("m",))


def test_a_later_token_takes_the_place_of_the_earlier() -> None:
    """A call carries one token at a time."""
    (second,) = by_cursor(OPENING, parameter="from", token="t1", path="$.next")
    (third,) = by_cursor(second, parameter="from", token="t2", path="$.next")
    assert [value for name, value in third.query if name == "from"] == ["t2"]


def test_a_page_that_names_itself_is_refused() -> None:
    """A token that led to this very page breaks the contract, and the place is told."""
    (second,) = by_cursor(OPENING, parameter="from", token="t1", path="$.next")
    with pytest.raises(SourceContractError, match="names itself") as caught:
        by_cursor(second, parameter="from", token="t1", path="$.next")
    assert caught.value.path == "$.next"


def test_numbered_pages_come_at_once() -> None:
    """Each number is a call of its own, in place of the number there was."""
    first = Call("GET", "/a", (), query=(("page", "0"), ("limit", "9")))
    calls = by_number(first, parameter="page", numbers=range(1, 3))
    assert [call.query for call in calls] == [
        (("limit", "9"), ("page", "1")),
        (("limit", "9"), ("page", "2")),
    ]
    assert not any(call.opening for call in calls)


def test_no_numbers_are_no_calls() -> None:
    """A listing of one page has no others."""
    assert by_number(OPENING, parameter="page", numbers=()) == ()
