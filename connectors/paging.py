"""How listings go on: the calls that follow a page. That none is made twice, the walk sees to."""

from collections.abc import Iterable
from dataclasses import replace

from connectors.errors import SourceContractError
from connectors.wire import Call


def by_cursor(call: Call, *, parameter: str, token: str | None, path: str) -> tuple[Call, ...]:
    """Give the call for the page a token names; absent, null and empty end the listing.

    `path` is where the reply holds the token, for the error when a page names itself as the next.
    """
    if not token:
        return ()
    if (parameter, token) in call.query:
        raise SourceContractError("the page names itself as the next one", path=path)
    return (_turned(call, parameter, token),)


def by_number(call: Call, *, parameter: str, numbers: Iterable[int]) -> tuple[Call, ...]:
    """Give the calls for numbered pages; they are independent of each other."""
    return tuple(_turned(call, parameter, str(number)) for number in numbers)


def _turned(call: Call, parameter: str, value: str) -> Call:
    kept = tuple(pair for pair in call.query if pair[0] != parameter)
    return replace(call, query=(*kept, (parameter, value)), opening=False)
