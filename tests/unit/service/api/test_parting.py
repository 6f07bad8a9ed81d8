"""Who sends a large body learns that it is over only when it has nearly all been taken."""

from typing import Any

import pytest

from service.api.parting import LEAST_BYTES, Parting

LARGE, SMALL = b"a" * LEAST_BYTES, b"a" * (LEAST_BYTES - 1)


async def _sent(messages: list[Any], *, type_: str = "http") -> list[Any]:
    seen: list[Any] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    async def send(message: Any) -> None:
        seen.append(message)

    async def receive() -> Any:
        raise AssertionError

    await Parting(app)({"type": type_}, receive, send)
    return seen


def _body(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def test_a_large_end_is_sent_as_a_piece_and_an_empty_end() -> None:
    """A server takes the second when it has got rid of the first."""
    start = {"type": "http.response.start", "status": 200, "headers": []}
    assert await _sent([start, {"type": "http.response.body", "body": LARGE}]) == [
        start,
        _body(LARGE, more=True),
        _body(b"", more=False),
    ]


@pytest.mark.parametrize("message", [_body(SMALL, more=False), _body(LARGE, more=True)])
async def test_whatever_else_is_sent_as_it_is(message: Any) -> None:
    """What is small, and what is not the end."""
    assert await _sent([message]) == [message]


async def test_only_requests_have_an_end_to_wait_for() -> None:
    """What the application's start and end say goes through."""
    message = {"type": "lifespan.startup.complete"}
    assert await _sent([message], type_="lifespan") == [message]
