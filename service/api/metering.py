"""Counts requests by their route's template, and graphs by whether they are complete.

What a caller has sent is no label: not its path, its query or its headers, and of its method only
whether it is one of ours.
"""

import re
from datetime import timedelta
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.usecases.service import Service

_COMPLETE = "complete"
_CONVERTOR = re.compile(r":[a-z]+(?=\})")


class Metering:
    """The layer around all others: sees each request as it came and each answer as it leaves."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and count it once it is over, however it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        took, status = 0.0, None

        async def send_on(message: Message) -> None:
            nonlocal took, status
            if message["type"] == "http.response.start":
                took, status = perf_counter() - started, message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        finally:
            _count(scope, status=status, took=timedelta(seconds=took))


def note_answer(scope: Scope, *, complete: bool) -> None:
    """Note in the request's state that a graph was given."""
    scope.setdefault("state", {})[_COMPLETE] = complete


def route_of(scope: Scope) -> str:
    """Give the template of the route that took the request, as the OpenAPI document has it, or `none`."""
    path = getattr(scope.get("route"), "path", None)
    return "none" if path is None else _CONVERTOR.sub("", path)


def _count(scope: Scope, *, status: int | None, took: timedelta) -> None:
    service = getattr(scope["app"].state, "service", None)
    # Before the service is open, and once it is closed, there is nobody to ask for numbers.
    if not isinstance(service, Service):
        return
    service.metrics.requested(route_of(scope), method=scope["method"], status=status, took=took)
    complete = scope.get("state", {}).get(_COMPLETE)
    if complete is not None:
        service.metrics.answered(complete=complete)
