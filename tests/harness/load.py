"""Hundreds of callers at once: each asks one replica, and tells what it heard and how soon."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import httpx

from harness.plain import NO_CERTIFICATES
from harness.telling import Told, told

_PATIENCE = 90
_UNBOUNDED = httpx.Limits(max_connections=None, max_keepalive_connections=None)


@dataclass(frozen=True, slots=True)
class Heard:
    """One reply and how many seconds it took; the caller alone knows which source it asked about."""

    reply: httpx.Response
    seconds: float

    @property
    def status(self) -> int:
        """Give the status."""
        return self.reply.status_code

    def told(self, source: str) -> Told:
        """Take the reply apart for one source."""
        return told(self.reply, source=source)

    @property
    def graph(self) -> dict[str, Any]:
        """Give what was found, without what differs between two answers of equal worth."""
        body = self.reply.json()
        return {"nodes": body["nodes"], "edges": body["edges"]}


class Crowd:
    """Callers of a fleet."""

    def __init__(self, clients: Sequence[httpx.AsyncClient]) -> None:
        """Ask through these, one for each replica."""
        self._clients = clients

    async def ask(
        self, node: str, *, replica: int = 0, headers: dict[str, str] | None = None, **parameters: Any
    ) -> Heard:
        """Ask one replica (modulo their number) for a graph."""
        client = self._clients[replica % len(self._clients)]
        began = perf_counter()
        reply = await client.get("/graph", params={"node": node, **parameters}, headers=headers)
        return Heard(reply, perf_counter() - began)

    async def ask_all(
        self, nodes: Sequence[str], *, headers: dict[str, str] | None = None, **parameters: Any
    ) -> list[Heard]:
        """Ask about all of them at once, the replicas taking turns; answers are in the order asked."""
        async with asyncio.TaskGroup() as group:
            asking = [
                group.create_task(self.ask(node, replica=number, headers=headers, **parameters))
                for number, node in enumerate(nodes)
            ]
        return [each.result() for each in asking]


@asynccontextmanager
async def crowd(urls: Sequence[str]) -> AsyncIterator[Crowd]:
    """Open clients of these replicas, without a bound on their connections."""
    async with AsyncExitStack() as stack:
        clients = [
            httpx.AsyncClient(base_url=url, timeout=_PATIENCE, limits=_UNBOUNDED, verify=NO_CERTIFICATES)
            for url in urls
        ]
        for client in clients:
            await stack.enter_async_context(client)
        yield Crowd(clients)
