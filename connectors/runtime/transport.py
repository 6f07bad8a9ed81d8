"""What carries httpx's requests: aiohttp, which takes a fraction of the processor time of httpx's own.

Nothing is repeated, followed, remembered or decompressed here, and a target goes out as it stands. The
ready-made `httpx-aiohttp` shares cookies between callers, repeats what a closed connection has
swallowed, rewrites targets, and lets no more than 100 calls out at once.
"""

import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from types import TracebackType

import httpx
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientHandlerType,
    ClientOSError,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from yarl import URL

from connectors.runtime.exchange import Incoming

# The longest line of a reply's head.
_LINE_BYTES = 64 * 1024
# httpx has said all of them, or left them out on purpose.
_NOT_ADDED = ("accept", "accept-encoding", "content-type", "user-agent")


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends over as many connections as there are calls, and keeps `kept` of them for later ones."""

    def __init__(self, *, kept: int, keep_alive_seconds: float, tls: ssl.SSLContext) -> None:
        """Open no connection yet; to be made where the loop runs."""
        self._keeping = _session(TCPConnector(limit=0, ssl=tls, keepalive_timeout=keep_alive_seconds))
        self._closing = _session(TCPConnector(limit=0, ssl=tls, force_close=True))
        self._kept = kept
        self._under_way = 0

    async def ask(
        self, method: str, url: str, *, headers: Sequence[tuple[str, str]], body: bytes | None
    ) -> Incoming:
        """Send once, `url` byte for byte, and give the reply; httpx.HTTPError when there is none."""
        reply = await self._open(method, url, headers, body)
        incoming = _Body(reply, self._end)
        return Incoming(reply.status, _joined(reply.raw_headers), incoming, incoming.aclose)

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Send what httpx has made of a call, as `ask` does."""
        url = request.url
        target = request.extensions.get("target", url.raw_path).decode("ascii")
        headers = [(name.decode("ascii"), value.decode("ascii")) for name, value in request.headers.raw]
        reply = await self._open(
            request.method, f"{url.scheme}://{url.netloc.decode('ascii')}{target}", headers, request.content
        )
        return httpx.Response(reply.status, headers=list(reply.raw_headers), stream=_Body(reply, self._end))

    # What httpx calls it.
    handle_async_request = send

    async def aclose(self) -> None:
        """Close every connection."""
        await self._keeping.close()
        await self._closing.close()

    async def _open(
        self, method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes | None
    ) -> ClientResponse:
        session = self._keeping if self._under_way < self._kept else self._closing
        self._under_way += 1
        try:
            with _AS_HTTPX:
                return await session.request(
                    method,
                    URL(url, encoded=True),
                    headers=headers,
                    data=body or None,
                    allow_redirects=False,
                )
        except BaseException:
            self._end()
            raise

    def _end(self) -> None:
        self._under_way -= 1


class _Body(httpx.AsyncByteStream):
    """A reply's body as it comes; a connection whose reply was not read to its end is closed."""

    def __init__(self, reply: ClientResponse, end: Callable[[], None]) -> None:
        self._reply = reply
        self._end = end

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _AS_HTTPX:
            async for piece in self._reply.content.iter_any():
                yield piece

    async def aclose(self) -> None:
        self._reply.close()
        self._end()


def _session(connector: TCPConnector) -> ClientSession:
    return ClientSession(
        connector=connector,
        # One caller's session is no other's.
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=None),
        auto_decompress=False,
        skip_auto_headers=_NOT_ADDED,
        max_line_size=_LINE_BYTES,
        max_field_size=_LINE_BYTES,
        middlewares=(_once,),
    )


async def _once(request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
    """Send once: aiohttp repeats a GET after errors of its own, and those of httpx it does not know."""
    with _AS_HTTPX:
        return await send(request)


def _joined(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Give headers by name, as httpx reads them: one that came several times is one, joined by commas."""
    pairs = list(raw)
    for encoding in ("ascii", "utf-8", "latin-1"):
        joined: dict[str, str] = {}
        with suppress(UnicodeDecodeError):
            for name, value in pairs:
                key, text = name.decode(encoding).lower(), value.decode(encoding)
                joined[key] = f"{joined[key]}, {text}" if key in joined else text
            return joined
    raise AssertionError("latin-1 reads everything")


class _AsHttpx:
    """Has aiohttp's errors be httpx's, without their words: those quote what was sent and received.

    Three times a call; what a generator makes takes several times as long.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, ClientConnectorError):
            raise httpx.ConnectError(type(error).__name__) from None
        if isinstance(error, ClientOSError):
            raise httpx.ReadError(type(error).__name__) from None
        if isinstance(error, ClientError):
            # No line of HTTP, or the end before the end.
            raise httpx.RemoteProtocolError(type(error).__name__) from None


_AS_HTTPX = _AsHttpx()
