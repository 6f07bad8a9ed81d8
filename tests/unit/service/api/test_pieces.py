"""A large body leaves in the pieces it was written in, and is to its reader one body."""

from typing import Any
from weakref import ref

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.responses import Response

from service.api.pieces import MOST_JOINED_BYTES, body_of, in_pieces, size_of

LARGE = (b"a" * MOST_JOINED_BYTES, b"b", b"cc")
SMALL = (b"a", b"b", b"cc")


def _response(pieces: tuple[bytes, ...]) -> Response:
    return in_pieces(pieces, headers={"ETag": "x"}, media_type="application/json")


@pytest.mark.parametrize("pieces", [SMALL, LARGE])
async def test_its_reader_sees_one_body(pieces: tuple[bytes, ...]) -> None:
    """With its length, its type and its headers, in one piece or in several."""
    async with AsyncClient(transport=ASGITransport(_response(pieces)), base_url="http://here") as client:
        reply = await client.get("/")
    assert reply.content == b"".join(pieces)
    assert reply.headers["Content-Length"] == str(len(reply.content))
    assert (reply.headers["Content-Type"], reply.headers["ETag"]) == ("application/json", "x")


@pytest.mark.parametrize(("pieces", "sent"), [(SMALL, [b"abcc"]), (LARGE, list(LARGE))])
async def test_only_what_is_large_is_sent_in_pieces(pieces: tuple[bytes, ...], sent: list[bytes]) -> None:
    """None of which is copied, and the last of which says that it is."""
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        raise AssertionError

    await _response(pieces)({"type": "http", "method": "GET"}, receive, send)
    _, *bodies = messages
    assert [message["body"] for message in bodies] == sent
    assert [message.get("more_body", False) for message in bodies] == [*[True] * (len(sent) - 1), False]


@pytest.mark.parametrize("pieces", [SMALL, LARGE])
def test_who_keeps_it_is_given_all_of_it(pieces: tuple[bytes, ...]) -> None:
    """As one body, whose size is known before it is joined."""
    response = _response(pieces)
    assert size_of(response) == sum(map(len, pieces))
    assert body_of(response) == b"".join(pieces)


class _Made:
    """What a body was made of."""


@pytest.mark.parametrize(("pieces", "held"), [(SMALL, True), (LARGE, False)])
def test_only_what_is_small_holds_what_it_was_made_of(pieces: tuple[bytes, ...], *, held: bool) -> None:
    """Until it has been sent; beside a large body nothing is kept."""
    made = _Made()
    left = ref(made)
    response = in_pieces(pieces, headers={}, media_type="application/json", made_of=made)
    del made
    assert (left() is not None) is held
    del response
    assert left() is None
