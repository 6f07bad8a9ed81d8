"""Work is done for a caller only while that caller is there."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from fastapi import Request

T = TypeVar("T")


class CallerLeftError(Exception):
    """The caller has left: there is nobody to answer."""


async def while_present(
    request: Request, work: Coroutine[Any, Any, T], *, discard: Callable[[T], Awaitable[None]] | None = None
) -> T:
    """Do the work; when the caller leaves it is cancelled with the calls it waits for: CallerLeftError.

    What came of it all the same is handed to `discard` when whoever waits here is cancelled.
    """
    task = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(left(request))
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise CallerLeftError
        return task.result()
    except asyncio.CancelledError:
        if discard is not None and task.done() and not task.cancelled() and task.exception() is None:
            await discard(task.result())
        raise
    finally:
        leaving.cancel()
        # A stream's first words would wait three turns of the loop for who only waits to be cancelled.
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


async def left(request: Request) -> None:
    """Return when the caller has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
