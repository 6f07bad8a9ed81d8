"""A toy upstream inside the sandbox plumbing, talked to in process."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.faults import rule_of
from connectors.sandbox.journal import note
from connectors.sandbox.plumbing import create_sandbox
from connectors.sandbox.switches import Switches

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ToySwitches:
    """The toy's own switches."""

    greeting: str = "hello"
    size: int = 3


class Sleeps:
    """A sleeper that only writes down how long it was asked for."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def __call__(self, seconds: float) -> None:
        """Return at once."""
        self.asked.append(seconds)


@pytest.fixture
def sleeps() -> Sleeps:
    """Return the sleeper of the toy."""
    return Sleeps()


@pytest.fixture
async def toy(sleeps: Sleeps) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of a toy upstream with a GET and a POST route."""
    switches = Switches(ToySwitches())

    async def greet(request: Request) -> Response:
        note(request.scope, caller="toddler", nodes=["bear-1"])
        rule = rule_of(request.scope)
        endless = rule is not None and rule.endless_pages
        rows = [{"id": str(number), "inner": {"ok": True}} for number in range(switches.now.size)]
        return JSONResponse({"text": switches.now.greeting, "rows": rows, "endless": endless})

    async def echo(request: Request) -> Response:
        return Response(await request.body(), media_type="text/plain")

    def refuse(request: Request, status: int) -> Response:
        return JSONResponse({"toy": status}, status_code=status, headers={"x-toy": "broken"})

    app = create_sandbox(
        routes=[Route("/greet", greet), Route("/echo", echo, methods=["POST"])],
        switches=switches,
        world=lambda: {"bears": 1},
        refuse=refuse,
        name_caller=lambda _scope: "passer-by",
        clock=lambda: NOW,
        sleep=sleeps,
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        yield client
