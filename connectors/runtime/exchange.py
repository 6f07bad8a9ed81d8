"""One HTTP exchange: a request goes out, a whole reply comes back, every failure is a SourceError.

httpx's own errors hold the request and so the credential. None of them leaves this module, not
even as the context of another error: each SourceError is raised outside the `except` block.
"""

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import NamedTuple

import httpx

from connectors.errors import SourceContractError, SourceError, SourceUnavailableError
from connectors.ports import Clock
from connectors.runtime.body import BodyReader
from connectors.wire import Reply

_WORDS: Mapping[type[httpx.HTTPError], str] = MappingProxyType(
    {
        httpx.ConnectError: "no connection could be made",
        httpx.ReadError: "the connection broke before the reply was complete",
        httpx.WriteError: "the connection broke before the call was sent",
        httpx.CloseError: "the connection broke while it was closed",
        httpx.RemoteProtocolError: "the reply is not proper HTTP, or is cut short",
        httpx.LocalProtocolError: "the call cannot be put into HTTP",
    }
)


class Incoming(NamedTuple):
    """A reply whose body is yet to be read; whoever has it closes it. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: AsyncIterable[bytes]
    close: Callable[[], Awaitable[None]]


async def exchange(
    client: httpx.AsyncClient, request: httpx.Request, *, clock: Clock, max_bytes: int
) -> Reply:
    """Send `request` by httpx and give its reply, as `receive` does."""
    return await receive(_send(client, request), clock=clock, max_bytes=max_bytes)


async def receive(coming: Awaitable[Incoming], *, clock: Clock, max_bytes: int) -> Reply:
    """Give the reply that comes, whatever its status, the body capped at `max_bytes`.

    The caller keeps the time. SourceUnavailableError when there is no whole reply,
    SourceContractError when the body is too large or damaged; but the body of an error reply that
    cannot be read is given as empty, since its status says what matters.
    """
    failure: SourceError
    try:
        incoming = await coming
        try:
            body = await _read(incoming, max_bytes=max_bytes)
        finally:
            await incoming.close()
    except httpx.HTTPError as error:
        failure = SourceUnavailableError(_WORDS.get(type(error), "the connection failed"))
    except OSError:
        # TLS below httpx raises a few of its own that httpx does not translate.
        failure = SourceUnavailableError("the connection failed")
    else:
        return Reply(incoming.status, clock.now(), MappingProxyType(incoming.headers), body)
    raise failure


async def _send(client: httpx.AsyncClient, request: httpx.Request) -> Incoming:
    reply = await client.send(request, stream=True)
    # A header that came several times is one, joined by commas.
    return Incoming(reply.status_code, dict(reply.headers.items()), reply.aiter_raw(), reply.aclose)


async def _read(incoming: Incoming, *, max_bytes: int) -> bytes:
    try:
        reader = BodyReader(encoding=incoming.headers.get("content-encoding", ""), cap=max_bytes)
        async for piece in incoming.body:
            reader.feed(piece)
        return reader.finish()
    except SourceContractError:
        if incoming.status < HTTPStatus.BAD_REQUEST:
            raise
        return b""
