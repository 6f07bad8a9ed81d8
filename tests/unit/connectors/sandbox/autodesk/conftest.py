"""The sandbox upstream in this process, at a fixed time, with a caller that knows its way."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from connectors.sandbox.autodesk import BEARER_OF_MEMBER, DEMO_CONTAINER, create_app

ROOT = "/bim360/relationship/v2"


class Hands:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 9, 0, 0, 250_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.time

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)


class Upstream:
    """Calls the sandbox; `bearer` and `container` are the demo member's unless told."""

    def __init__(self, http: httpx.AsyncClient, hands: Hands) -> None:
        self.http = http
        self.hands = hands

    async def call(
        self,
        method: str,
        path: str,
        *,
        bearer: str | None = BEARER_OF_MEMBER,
        container: str | None = DEMO_CONTAINER,
        region: str | None = None,
        params: Any = None,
        json: Any = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send one call about a container, or about none when it is None."""
        sent = dict(headers or {})
        if bearer is not None:
            sent["Authorization"] = f"Bearer {bearer}"
        if region is not None:
            sent["x-ads-region"] = region
        url = f"{ROOT}/{path}" if container is None else f"{ROOT}/containers/{container}/{path}"
        return await self.http.request(method, url, params=params, json=json, headers=sent)

    async def search(self, **params: Any) -> dict[str, Any]:
        """Give the body of a search that must succeed."""
        reply = await self.call("GET", "relationships:search", params=params)
        assert reply.status_code == 200, reply.text
        body: dict[str, Any] = reply.json()
        return body

    async def search_all(self, **params: Any) -> list[dict[str, Any]]:
        """Give the rows of all pages of a search."""
        rows: list[dict[str, Any]] = []
        while True:
            body = await self.search(**params)
            rows += body["relationships"]
            if not body["page"].get("continuationToken"):
                return rows
            params["continuationToken"] = body["page"]["continuationToken"]

    async def post(self, path: str, body: Any, **options: Any) -> Any:
        """Give the body of a POST that must succeed."""
        reply = await self.call("POST", path, json=body, **options)
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def switch(self, **changes: Any) -> None:
        """Turn some switches."""
        reply = await self.http.put("/_sandbox/switches", json=changes)
        assert reply.status_code == 200, reply.text

    async def fault(self, **rule: Any) -> None:
        """Put one fault rule in force."""
        reply = await self.http.put("/_sandbox/faults", json=[rule])
        assert reply.status_code == 200, reply.text

    async def journal(self) -> list[dict[str, Any]]:
        """Give the calls made so far."""
        calls: list[dict[str, Any]] = (await self.http.get("/_sandbox/journal")).json()["calls"]
        return calls

    async def world(self, container: str = DEMO_CONTAINER) -> list[dict[str, Any]]:
        """Give every row of a container, as the world listing tells it."""
        containers = (await self.http.get("/_sandbox/world")).json()["containers"]
        rows: list[dict[str, Any]] = containers[container]["relationships"]
        return rows


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """Start a sandbox with no quota in the way."""
    hands = Hands()
    transport = httpx.ASGITransport(app=create_app(clock=hands))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as http:
        one = Upstream(http, hands)
        await one.switch(requests_per_minute=None)
        yield one
