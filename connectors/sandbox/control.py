"""The `/_sandbox/` endpoints, by which a test steers and inspects an upstream."""

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sandbox.faults import Faults
from connectors.sandbox.journal import Journal
from connectors.sandbox.switches import Switches

CONTROL_PREFIX = "/_sandbox/"


def reply_json(content: Any, *, status: int = 200) -> Response:
    """Return a JSON response; far cheaper than the framework's own for a whole world."""
    return Response(msgspec.json.encode(content), status_code=status, media_type="application/json")


def refuse_unreadable(problem: ValueError) -> Response:
    """Return the 400 for a body that a control endpoint can't use."""
    return reply_json({"error": str(problem)}, status=400)


class Control:
    """One method per endpoint; none of these calls is journaled or faulted, none needs an account."""

    def __init__(
        self, *, switches: Switches[Any], faults: Faults, journal: Journal, world: Callable[[], Any]
    ) -> None:
        self._switches = switches
        self._faults = faults
        self._journal = journal
        self._world = world

    def routes(self) -> list[Route]:
        """Return where the endpoints are."""
        return [
            Route(f"{CONTROL_PREFIX}switches", self.steer_switches, methods=["GET", "PUT", "DELETE"]),
            Route(f"{CONTROL_PREFIX}faults", self.steer_faults, methods=["GET", "PUT", "DELETE"]),
            Route(f"{CONTROL_PREFIX}journal", self.inspect_journal, methods=["GET", "DELETE"]),
            Route(f"{CONTROL_PREFIX}world", self.show_world),
            Route(f"{CONTROL_PREFIX}ready", self.show_ready),
        ]

    async def steer_switches(self, request: Request) -> Response:
        """Show the switches; PUT merges a JSON object into them first, DELETE resets them."""
        try:
            if request.method == "PUT":
                self._switches.merge(msgspec.json.decode(await request.body(), type=dict[str, Any]))
        except ValueError as problem:
            return refuse_unreadable(problem)
        if request.method == "DELETE":
            self._switches.reset()
        return reply_json(self._switches.show())

    async def steer_faults(self, request: Request) -> Response:
        """Show the fault rules; PUT replaces them by a JSON list first, DELETE drops them."""
        try:
            if request.method == "PUT":
                self._faults.replace(await request.body())
        except ValueError as problem:
            return refuse_unreadable(problem)
        if request.method == "DELETE":
            self._faults.clear()
        return reply_json(self._faults.show())

    async def inspect_journal(self, request: Request) -> Response:
        """Show the journal; DELETE empties it first."""
        if request.method == "DELETE":
            self._journal.clear()
        return reply_json(self._journal.show())

    async def show_world(self, _request: Request) -> Response:
        """Show all that the upstream knows, so that a test can work out the right answer by itself."""
        return reply_json(self._world())

    async def show_ready(self, _request: Request) -> Response:
        """Say that the sandbox serves."""
        return reply_json({"ready": True})
