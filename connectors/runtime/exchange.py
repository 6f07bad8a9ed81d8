"""One HTTP exchange: a request goes out, a whole reply comes back, every failure is a SourceError.

httpx's own errors hold the request and so the credential. None of them leaves this module, not
even as the context of another error: each SourceError is raised outside the `except` block.
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

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


async def exchange(
    client: httpx.AsyncClient, request: httpx.Request, *, clock: Clock, max_bytes: int
) -> Reply:
    """Send `request` and give its reply, whatever its status, the body capped at `max_bytes`.

    The caller keeps the time. SourceUnavailableError when there is no whole reply,
    SourceContractError when the body is too large or damaged; but the body of an error reply that
    cannot be read is given as empty, since its status says what matters.
    """
    failure: SourceError
    try:
        reply = await client.send(request, stream=True)
        try:
            body = await _read(reply, max_bytes=max_bytes)
        finally:
            await reply.aclose()
    except httpx.HTTPError as error:
        failure = SourceUnavailableError(_WORDS.get(type(error), "the connection failed"))
    except OSError:
        # TLS below httpx raises a few of its own that httpx does not translate.
        failure = SourceUnavailableError("the connection failed")
    else:
        # Names come in lower case; a header that came several times is one, joined by commas.
        headers = MappingProxyType(dict(reply.headers.items()))
        return Reply(reply.status_code, clock.now(), headers, body)
    raise failure


async def _read(reply: httpx.Response, *, max_bytes: int) -> bytes:
    try:
        reader = BodyReader(encoding=reply.headers.get("content-encoding", ""), cap=max_bytes)
        async for chunk in reply.aiter_raw():
            reader.feed(chunk)
        return reader.finish()
    except SourceContractError:
        if reply.status_code < HTTPStatus.BAD_REQUEST:
            raise
        return b""
