"""The ThreatWinds sandbox in process, its one world shared by all tests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from connectors.sandbox.threatwinds.account import DEMO_TOKEN
from connectors.sandbox.threatwinds.app import create_app

Ask = Callable[..., Awaitable[httpx.Response]]
Turn = Callable[..., Awaitable[None]]


class HandClock:
    """A clock that only moves when told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time on the clock."""
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        """Move the clock on."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture(scope="session")
def clock() -> HandClock:
    """Return the clock that the sandbox reads."""
    return HandClock()


@pytest.fixture(scope="session")
def app(clock: HandClock) -> ASGIApp:
    """Return the sandbox."""
    return create_app(clock=clock)


@pytest.fixture
async def client(app: ASGIApp, clock: HandClock) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client without an account, of a sandbox with all switches at their start."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as opened:
        yield opened
        for endpoint in ("switches", "faults", "journal"):
            await opened.delete(f"/_sandbox/{endpoint}")
        clock.pass_seconds(60)


@pytest.fixture
async def ask(client: httpx.AsyncClient) -> Ask:
    """Return a call for the relations of an id, as the demo account unless told otherwise."""

    async def relations(
        native_id: str, *, token: str = DEMO_TOKEN, tail: str = "/relations", **query: Any
    ) -> Any:
        headers = {"authorization": f"Bearer {token}"} | query.pop("headers", {})
        return await client.get(f"/api/search/v1/entity/{native_id}{tail}", params=query, headers=headers)

    return relations


@pytest.fixture
async def turn(client: httpx.AsyncClient) -> Turn:
    """Return a way to turn switches."""

    async def switches(**changes: Any) -> None:
        assert (await client.put("/_sandbox/switches", json=changes)).status_code == 200

    return switches


@pytest.fixture
async def world(client: httpx.AsyncClient) -> Any:
    """Return the dump of the world."""
    return (await client.get("/_sandbox/world")).json()
