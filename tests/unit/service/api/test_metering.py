"""Tests of the layer that counts requests: templates only, however a request ends."""

from collections.abc import AsyncIterator
from dataclasses import fields
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request, Response

from connectors.runtime.clock import SystemClock
from service.adapters.memory_store import MemoryStore
from service.adapters.metrics import ProcessMetrics
from service.api.edge import Edge
from service.api.graph import graph_router
from service.api.metering import Metering, note_answer
from service.api.presence import CallerLeftError
from service.usecases.service import Service

Counted = list[tuple[str, str, int | None]]


class Noting(ProcessMetrics):
    """Metrics that also note what they are told."""

    def __init__(self) -> None:
        super().__init__(store=MemoryStore(clock=SystemClock()), clock=SystemClock())
        self.requests: Counted = []
        self.answers: list[bool] = []

    def requested(self, route: str, *, method: str, status: int | None, took: timedelta) -> None:
        """Note the request."""
        self.requests.append((route, method, status))

    def answered(self, *, complete: bool) -> None:
        """Note the answer."""
        self.answers.append(complete)


@pytest.fixture
def metrics() -> Noting:
    """Give what is told of requests."""
    return Noting()


@pytest.fixture
async def client(metrics: Noting) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of an application with the graph's routes and three of its own."""
    own = APIRouter()

    @own.get("/answer/{word}")
    async def answer(request: Request, word: str) -> Response:
        note_answer(request.scope, complete=word == "whole")
        return Response(word)

    @own.get("/leave")
    async def leave() -> Response:
        raise CallerLeftError

    @own.get("/fail")
    async def fail() -> Response:
        raise RuntimeError("canary")

    app = FastAPI()
    app.include_router(own)
    app.include_router(graph_router())
    app.add_middleware(Edge)
    app.add_middleware(Metering)
    parts: dict[str, Any] = {field.name: None for field in fields(Service)}
    app.state.service = Service(**parts | {"metrics": metrics})
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as opened:
        yield opened


@pytest.mark.parametrize(
    ("method", "path", "counted"),
    [
        ("GET", "/answer/canary", ("/answer/{word}", "GET", 200)),
        ("PUT", "/answer/canary", ("/answer/{word}", "PUT", 405)),
        ("PUT", "/graph/canary:a:b", ("/graph/{node}", "PUT", 405)),
        ("PUT", "/graph/~canary", ("/graph/~{ref}", "PUT", 405)),
        ("GET", "/canary", ("none", "GET", 404)),
        ("GET", "/canary?canary=1#canary", ("none", "GET", 404)),
        ("GET", "/fail", ("/fail", "GET", 500)),
    ],
)
async def test_a_request_is_counted_by_its_template(
    client: httpx.AsyncClient, metrics: Noting, method: str, path: str, counted: tuple[str, str, int]
) -> None:
    """As the OpenAPI document spells it; what no route knows has none."""
    await client.request(method, path)
    assert metrics.requests == [counted]
    assert "canary" not in repr(metrics.requests)


async def test_who_left_is_counted_without_a_status(metrics: Noting, client: httpx.AsyncClient) -> None:
    """Nothing was answered, which is no kind of answer."""
    with pytest.raises(AssertionError):  # the test's own transport insists on an answer
        await client.get("/leave")
    assert metrics.requests == [("/leave", "GET", None)]


async def test_graphs_are_counted_by_whether_they_are_complete(
    metrics: Noting, client: httpx.AsyncClient
) -> None:
    """Those that were given, and no other answer."""
    for path in ("/answer/whole", "/answer/part", "/nothing"):
        await client.get(path)
    assert metrics.answers == [True, False]


async def test_nothing_is_counted_while_no_service_is_open(metrics: Noting) -> None:
    """A request that comes before the start or after the end is answered all the same."""
    app = FastAPI()
    app.add_middleware(Metering)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
        assert (await client.get("/")).status_code == 404
    assert metrics.requests == []
