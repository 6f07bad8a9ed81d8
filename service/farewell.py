"""What a caller is told whose answer the end of the service has cut off: 503, to come back."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from service.protocol import make_problem

App = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application."""


def with_farewell(app: App) -> App:
    """Give the application, which answers 503 when it is cancelled before it has begun to answer.

    The server cancels what is still in flight when its time is up, and would call that a 500.
    """

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        begun = False

        async def send_on(message: Any) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await app(scope, receive, send_on)
        except asyncio.CancelledError:
            if begun or scope["type"] != "http":
                raise
            headers, body = make_problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                detail="The service is ending; another instance, or this one once it is back, will answer.",
                instance=scope["path"],
            )
            headers.append((b"retry-after", b"1"))
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    return answer
