"""The outermost layer of every request: its id, the length of its URL, and the last resort."""

from uuid import uuid4

import structlog
from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import answer_problem

MOST_URL_BYTES = 16 * 1024
_RECEIVED = "request_id"
log = structlog.get_logger(__name__)


class Edge:
    """Wraps the application: `Request-Id` on everything, 414 for long URLs, no error without a problem."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid4().hex
        scope.setdefault("state", {})[_RECEIVED] = request_id
        started = False

        async def send_stamped(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message)["Request-Id"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                if len(scope["raw_path"]) + len(scope["query_string"]) > MOST_URL_BYTES:
                    raise HTTPException(414)  # noqa: TRY301 - the one way to a problem is below
                await self._app(scope, receive, send_stamped)
            except Exception as error:
                if started:
                    raise
                response = await answer_problem(Request(scope, receive), error)
                await response(scope, receive, send_stamped)
