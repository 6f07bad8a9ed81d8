"""The outermost layers of every request: its id and its time, its size, and the last resort."""

from collections.abc import Sequence
from http import HTTPStatus
from secrets import token_hex
from time import perf_counter
from typing import Any

import structlog
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.presence import CallerLeftError
from service.api.problems import answer_problem
from service.api.timing import server_timing

MOST_URL_BYTES = 16 * 1024
log = structlog.get_logger(__name__)


class UrlBound:
    """Refuses a URL that is longer than any that means something here."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; HTTPException 414."""
        if scope["type"] == "http" and _url_bytes(scope) > MOST_URL_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_URI_TOO_LONG)
        await self._app(scope, receive, send)


class LastResort:
    """Lets no error out: what nobody has answered until here is answered as a problem.

    It stands within the layer for other origins, so that their pages can read the problem, and once
    more in the outermost, for what that layer itself raises.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; an error after the answer has begun can only be passed on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_on(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except CallerLeftError:
            # The server knows, and sends nothing to nobody.
            return
        except Exception as error:
            if started:
                raise
            response = await answer_problem(Request(scope, receive), error)
            await response(scope, receive, send)


class CrossOrigin(CORSMiddleware):
    """Lets browsers of the configured origins in; a preflight that is refused is a problem too.

    Whose pages may read an answer may read how long it took
    (https://www.w3.org/TR/resource-timing/#sec-timing-allow-origin).
    """

    def __init__(self, app: ASGIApp, /, *, allow_origins: Sequence[str], **options: Any) -> None:
        """Wrap `app`; `options` are those of the framework's own layer."""
        super().__init__(app, allow_origins=allow_origins, **options)
        if self.allow_all_origins:
            self.simple_headers["Timing-Allow-Origin"] = "*"

    @staticmethod
    def allow_explicit_origin(headers: MutableHeaders, origin: str) -> None:
        """Let this one origin read the answer."""
        CORSMiddleware.allow_explicit_origin(headers, origin)
        headers["Timing-Allow-Origin"] = origin

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer a preflight."""
        response = super().preflight_response(request_headers)
        if response.status_code != HTTPStatus.OK:
            raise HTTPException(HTTPStatus.FORBIDDEN)
        return response


class Edge:
    """The outermost layer: every response has the request's id, as every log line, and its time.

    The time is up to when the headers leave: of a whole answer all but the sending, of a stream
    the wait for its first line.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = LastResort(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        request_id = token_hex(16)
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Request-Id"] = request_id
                headers["Server-Timing"] = server_timing(scope, total=perf_counter() - started)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._app(scope, receive, send_stamped)


def _url_bytes(scope: Scope) -> int:
    query = scope["query_string"]
    return len(scope["raw_path"]) + (len(query) + 1 if query else 0)
