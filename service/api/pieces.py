"""Responses that let go late of what is small, and early of what is large.

A large body is sent in the pieces it was written in, which are never joined, and nothing is kept beside
it. Of any other what it was made of is let go of only when it has been sent: nobody waits for that then.
"""

from collections.abc import Mapping, Sequence

from fastapi import Response
from starlette.types import Receive, Scope, Send

# To join less costs nobody anything, and one piece takes one turn less to send.
MOST_JOINED_BYTES = 4 * 1024 * 1024


class _Joined(Response):
    def __init__(self, body: bytes, *, headers: Mapping[str, str], media_type: str, made_of: object) -> None:
        self.made_of = made_of
        super().__init__(body, headers=headers, media_type=media_type)


class _Pieced(Response):
    def __init__(self, pieces: Sequence[bytes], *, headers: Mapping[str, str], media_type: str) -> None:
        self.pieces = pieces
        size = str(sum(map(len, pieces)))
        super().__init__(headers={**headers, "Content-Length": size}, media_type=media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's
        """Send it, and let go of each piece when it has been taken."""
        left = list(reversed(self.pieces))
        self.pieces = ()
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        await send(start)
        while left:
            await send({"type": "http.response.body", "body": left.pop(), "more_body": bool(left)})


def in_pieces(
    pieces: Sequence[bytes], *, headers: Mapping[str, str], media_type: str, made_of: object = None
) -> Response:
    """Give a response of these pieces; one that is not large is of one piece, which is its `body`.

    Such a one holds what it was `made_of` until it has been sent.
    """
    if sum(map(len, pieces)) <= MOST_JOINED_BYTES:
        return _Joined(b"".join(pieces), headers=headers, media_type=media_type, made_of=made_of)
    return _Pieced(pieces, headers=headers, media_type=media_type)


def size_of(response: Response) -> int:
    """Give the size of the whole body of a response that has not been sent."""
    return sum(map(len, response.pieces)) if isinstance(response, _Pieced) else len(response.body)


def body_of(response: Response) -> bytes:
    """Give the whole body of a response that has not been sent."""
    return b"".join(response.pieces) if isinstance(response, _Pieced) else bytes(response.body)
