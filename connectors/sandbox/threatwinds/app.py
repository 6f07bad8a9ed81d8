"""The ThreatWinds sandbox as an ASGI app: an entity by its id, and the entities related to it."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from connectors.sandbox.clock import Clock, Sleep, wall_clock
from connectors.sandbox.faults import rule_of
from connectors.sandbox.journal import note
from connectors.sandbox.plumbing import create_sandbox
from connectors.sandbox.switches import Switches
from connectors.sandbox.threatwinds.account import Directory, Quota, read_credential
from connectors.sandbox.threatwinds.dialect import (
    DIALECTS,
    AbsentError,
    Dialect,
    Refusals,
    RefusedError,
)
from connectors.sandbox.threatwinds.entity import Entity
from connectors.sandbox.threatwinds.page import cut_page, take
from connectors.sandbox.threatwinds.question import read_groups, read_question
from connectors.sandbox.threatwinds.row import RowPress, row_form
from connectors.sandbox.threatwinds.setting import Account, ThreatWindsSwitches
from connectors.sandbox.threatwinds.world import World, create_world

ENTITY_PATH = "/api/search/v1/entity/{id:path}"
REFUSAL_TEXTS = {
    400: "value cannot be empty",
    401: "authentication required",
    403: "unauthorized",
    404: "record not found",
    429: "too many requests",
}

Answer = Callable[[Request, ThreatWindsSwitches, Dialect], Response]


class ThreatWinds:
    """The upstream's routes over one world."""

    def __init__(
        self, *, world: World, switches: Switches[ThreatWindsSwitches], clock: Clock, seed: int
    ) -> None:
        self._world = world
        self._switches = switches
        self._accounts = Directory()
        self._quota = Quota(clock=clock)
        self._refusals = Refusals(seed=seed)
        self._press = RowPress()

    def routes(self) -> list[Route]:
        """Return the routes; an id may be anything, even empty, and gets the upstream's own refusal."""
        return [
            Route(f"{ENTITY_PATH}/relations", self.list_relations),
            Route(ENTITY_PATH, self.show_entity),
            Route("/{path:path}", self.refuse_path),
        ]

    async def list_relations(self, request: Request) -> Response:
        """Answer GET /api/search/v1/entity/{id}/relations."""
        return self._answer(request, self._relations)

    async def show_entity(self, request: Request) -> Response:
        """Answer GET /api/search/v1/entity/{id}."""
        return self._answer(request, self._entity)

    async def refuse_path(self, _request: Request) -> Response:
        """Answer whatever the upstream has no route for, as its web framework does."""
        return PlainTextResponse("404 page not found", status_code=404)

    def refuse(self, _request: Request, status: int) -> Response:
        """Return this status with the body that the dialect gives it, for an injected fault."""
        message = REFUSAL_TEXTS.get(status, "internal")
        return self._refusals.write(message, status=status, dialect=DIALECTS[self._switches.now.dialect])

    def name_caller(self, scope: Scope) -> str | None:
        """Return the label of the account that a call shows, if it is one."""
        try:
            credential = read_credential(Request(scope).headers)
        except RefusedError:
            return None
        account = self._accounts.find(credential, switches=self._switches.now)
        return account.label if account else None

    def show_world(self) -> dict[str, Any]:
        """Return all that the world holds."""
        return self._world.show(giant=self._switches.now.giant)

    def _answer(self, request: Request, answer: Answer) -> Response:
        switches = self._switches.now
        dialect = DIALECTS[switches.dialect]
        note(request.scope, nodes=[request.path_params["id"]])
        try:
            return answer(request, switches, dialect)
        except RefusedError as refusal:
            return self._refusals.answer(refusal, dialect=dialect)

    def _admit(self, request: Request, switches: ThreatWindsSwitches) -> Account:
        """Return the caller's account; raise RefusedError unless it may call, and call now."""
        credential = read_credential(request.headers)
        account = self._accounts.find(credential, switches=switches)
        if account is None:
            raise RefusedError("authentication required", status=401)
        note(request.scope, caller=account.label)
        if not account.permitted:
            raise RefusedError("unauthorized", status=403)
        self._quota.spend(credential, switches=switches)
        return account

    def _find(self, request: Request, groups: frozenset[str], switches: ThreatWindsSwitches) -> Entity:
        """Return the entity asked about; one that the caller's groups may not see is as good as absent."""
        native_id = request.path_params["id"]
        if not native_id:
            raise RefusedError("value cannot be empty", status=400)
        entity = self._world.find(native_id, giant=switches.giant)
        if entity is None or groups.isdisjoint(entity.groups):
            raise AbsentError
        return entity

    def _entity(self, request: Request, switches: ThreatWindsSwitches, dialect: Dialect) -> Response:
        account = self._admit(request, switches)
        groups = read_groups(request.query_params, request.headers, account=account, dialect=dialect)
        entity = self._find(request, groups, switches)
        row = self._press.press(entity, form=row_form(switches, dialect=dialect))
        status = _success_status(dialect.entity_statuses, entity, switches)
        return Response(bytes(row), status_code=status, media_type="application/json")

    def _relations(self, request: Request, switches: ThreatWindsSwitches, dialect: Dialect) -> Response:
        account = self._admit(request, switches)
        question = read_question(
            request.query_params, request.headers, account=account, dialect=dialect, switches=switches
        )
        entity = self._find(request, question.view.groups, switches)
        neighbors = self._world.neighbors(entity.id, question.view)
        page = cut_page(question, count=len(neighbors), switches=switches, rule=rule_of(request.scope))
        if not neighbors and switches.without_neighbors == "absent":
            raise AbsentError
        if page.past_end and switches.past_end == "absent":
            raise AbsentError
        form = row_form(switches, dialect=dialect)
        content = {
            "pages": str(page.pages) if switches.numbers_as_strings else page.pages,
            "items": str(page.items) if switches.numbers_as_strings else page.items,
            switches.list_name: [self._press.press(row, form=form) for row in take(neighbors, page)],
        }
        status = _success_status(dialect.relations_statuses, entity, switches)
        return Response(msgspec.json.encode(content), status_code=status, media_type="application/json")


def _success_status(statuses: tuple[int, ...], entity: Entity, switches: ThreatWindsSwitches) -> int:
    """Return the status of a success; where the dialect knows two, each entity always has the same one."""
    return switches.success_status or statuses[int(entity.id[-1], 16) % len(statuses)]


def create_app(
    *,
    seed: int = 7,
    switches: ThreatWindsSwitches | None = None,
    clock: Clock = wall_clock,
    sleep: Sleep = asyncio.sleep,
) -> ASGIApp:
    """Return the sandbox over the world of this seed, with faults, journal and control endpoints."""
    board = Switches(switches or ThreatWindsSwitches())
    upstream = ThreatWinds(world=create_world(seed=seed), switches=board, clock=clock, seed=seed)
    return create_sandbox(
        routes=upstream.routes(),
        switches=board,
        world=upstream.show_world,
        refuse=upstream.refuse,
        name_caller=upstream.name_caller,
        seed=seed,
        clock=clock,
        sleep=sleep,
    )
