"""gzip for whoever takes it: whole answers, fast, and off the event loop when they are large.

Streams are left alone: their lines are to leave as they come, and a compressor gathers. ADR 0025
says why compressing is no leak here.
"""

import re
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.timing import timed

# What fits into one packet arrives no sooner for being smaller.
LEAST_BYTES = 1024
# ADR 0025 has the figures: twice the level is not half the size, and costs more than it saves.
LEVEL = 1
# Half a millisecond's work at that level; more is done in a thread.
MOST_INLINE_BYTES = 64 * 1024
_LEFT_ALONE = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/x-ndjson")
_WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.ASCII)


class Compression:
    """Compresses what the caller takes compressed; everything says that it depends on that.

    The weak ETag stays: it names the graph, in either form. A HEAD has the headers of its GET.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_varied(message: Message) -> None:
            if message["type"] == "http.response.start":
                _vary(MutableHeaders(scope=message))
            await send(message)

        taken = accepts_gzip(Headers(scope=scope).getlist("accept-encoding"))
        app = _Compressor(self._app, scope) if taken else self._app
        await app(scope, receive, send_varied)


class _Compressor(GZipResponder):
    def __init__(self, app: ASGIApp, scope: Scope) -> None:
        super().__init__(
            app,
            LEAST_BYTES,
            LEVEL,
            thread_minimum_size=MOST_INLINE_BYTES,
            exclude_content_types=_LEFT_ALONE,
        )
        self._scope = scope

    async def apply_compression(self, body: bytes, *, more_body: bool) -> bytes:
        """Compress a piece, and note how long that took."""
        with timed(self._scope, "compress"):
            return await super().apply_compression(body, more_body=more_body)


def accepts_gzip(lines: Sequence[str]) -> bool:
    """Tell whether `Accept-Encoding` prefers gzip to the plain body, or likes both (RFC 9110 12.5.3).

    Who sends no such header takes anything by the letter; in fact it is a client that cannot unpack.
    """
    weights: dict[str, float] = {}
    for item in ",".join(lines).split(","):
        coding, *parameters = (part.strip().lower() for part in item.split(";"))
        weights[coding] = _weight(parameters)
    others = weights.get("*", 0.0)
    gzip = weights.get("gzip", weights.get("x-gzip", others))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _weight(parameters: Sequence[str]) -> float:
    if not parameters:
        return 1.0
    found = _WEIGHT.fullmatch(parameters[0])
    return float(found[1]) if found else 0.0


def _vary(headers: MutableHeaders) -> None:
    # One line, each name once: some caches read only the first line.
    names = [name.strip() for line in headers.getlist("vary") for name in line.split(",")]
    wanted = dict.fromkeys(name for name in (*names, "Accept-Encoding") if name)
    headers["Vary"] = ", ".join(wanted)
