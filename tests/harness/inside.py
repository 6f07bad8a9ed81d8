"""The real application in the test's own process, over a real store and real upstreams."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx

from service.app import create_app
from service.settings import parse_settings

Tables = Mapping[str, Mapping[str, Any]]


@asynccontextmanager
async def serving(*, sources: Tables, **top: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Serve with these settings while the block lasts, and give a client; nothing listens on a port."""
    app = create_app(parse_settings({**top, "sources": sources}, environ={}))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://inside", timeout=60) as client,
    ):
        yield client


class Inside:
    """Opens an application the first time its sources are asked for, and closes them all with `stack`."""

    def __init__(self, stack: AsyncExitStack, **top: Any) -> None:
        """Open on `stack`; `top` are the settings that all applications have in common."""
        self._stack = stack
        self._top = top
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def client(self, *, sources: Tables) -> httpx.AsyncClient:
        """Give a client of the application with these sources."""
        name = json.dumps(sources, sort_keys=True)
        if name not in self._clients:
            opened = serving(sources=sources, **self._top)
            self._clients[name] = await self._stack.enter_async_context(opened)
        return self._clients[name]
