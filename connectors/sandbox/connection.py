"""One HTTP exchange seen from the server: reading, replaying, capturing, pushing and cutting it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HANG_UP_KEY = "sandbox.hang_up"
BODILESS = frozenset({204, 304})

Headers = tuple[tuple[bytes, bytes], ...]


class ConnectionDroppedError(Exception):
    """A fault bids to cut the connection, and the server in use offers no way but to crash."""


@dataclass(frozen=True, slots=True)
class Made:
    """A reply as it is about to be sent; header names in lower case."""

    status: int
    headers: Headers
    body: bytes


async def read_body(receive: Receive) -> bytes:
    """Return the whole body of a call."""
    chunks = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives a body already read, and after it whatever comes."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return pending.pop() if pending else await receive()

    return receive_again


async def capture(upstream: ASGIApp, scope: Scope, receive: Receive) -> Made:
    """Return the upstream's real reply instead of sending it."""
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await upstream(scope, receive, keep)
    body = b"".join(message.get("body", b"") for message in messages[1:])
    return Made(status=messages[0]["status"], headers=tuple(messages[0]["headers"]), body=body)


async def begin(send: Send, made: Made, *, length: int | None) -> None:
    """Send a reply's status and headers; `length` is announced, None leaves the end open."""
    headers = [pair for pair in made.headers if pair[0] != b"content-length"]
    if length is not None and made.status not in BODILESS:
        headers.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": made.status, "headers": headers})


async def push(send: Send, piece: bytes, *, more: bool) -> None:
    """Send one piece of a reply's body."""
    await send({"type": "http.response.body", "body": piece, "more_body": more})


async def disconnected(receive: Receive) -> None:
    """Return once the caller has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def until_disconnect(work: Coroutine[Any, Any, None], receive: Receive) -> None:
    """Run `work`, but give it up as soon as the caller goes away, as a real server's worker would."""
    working = asyncio.create_task(work)
    watching = asyncio.create_task(disconnected(receive))
    try:
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        working.cancel()
        watching.cancel()
        await asyncio.wait((working, watching))


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection under the call, what was already sent going out first.

    ASGI has no word for this: the process that serves the sandbox puts a way into the scope.
    """
    close: Callable[[], None] | None = scope.get(HANG_UP_KEY)
    if close is None:
        raise ConnectionDroppedError
    close()
    await disconnected(receive)
