"""The Autodesk Relationship Service as an ASGI app over a generated world."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from connectors.sandbox.autodesk import reading, syncing, writing
from connectors.sandbox.autodesk.gate import Office, bearer_of, open_endpoint, pass_gateway, reply_refusal
from connectors.sandbox.autodesk.oauth import open_token_endpoint
from connectors.sandbox.autodesk.pairing import render_matrix
from connectors.sandbox.autodesk.problem import Refusal, refuse_status
from connectors.sandbox.autodesk.switches import CREATE, READ, WRITE, AutodeskSwitches
from connectors.sandbox.autodesk.visit import Handler
from connectors.sandbox.autodesk.world import build_world, describe_world
from connectors.sandbox.clock import Clock, wall_clock
from connectors.sandbox.plumbing import create_sandbox
from connectors.sandbox.switches import Switches

ROOT = "/bim360/relationship/v2"


def create_app(
    *, seed: int = 7, switches: AutodeskSwitches | None = None, clock: Clock = wall_clock
) -> ASGIApp:
    """Build the upstream; the same seed gives the same world, `clock` is what it goes by."""
    office = Office(build_world(seed), Switches(switches or AutodeskSwitches()), clock)

    def name_caller(scope: Scope) -> str | None:
        headers = Request(scope).headers
        bearer = bearer_of(headers.get("authorization", ""))
        account = office.accounts.authenticate(bearer, switches=office.switches.now, now=office.clock())
        return None if account is None else account.user

    return create_sandbox(
        routes=_open_routes(office),
        switches=office.switches,
        world=lambda: describe_world(office.world),
        refuse=lambda _request, status: reply_refusal(refuse_status(status)),
        name_caller=name_caller,
        seed=seed,
        clock=clock,
    )


def _open_routes(office: Office) -> list[Route]:
    def route(method: str, path: str, handler: Handler, *scopes: str) -> Route:
        endpoint = open_endpoint(office, handler, scopes=scopes)
        return Route(f"{ROOT}/containers/{{containerId}}/{path}", endpoint, methods=[method])

    async def writable(request: Request) -> Response:
        try:
            pass_gateway(request, office, scopes=(READ,))
        except Refusal as refusal:
            return reply_refusal(refusal)
        return JSONResponse(render_matrix())

    return [
        route("GET", "relationships:search", reading.search, READ),
        route("POST", "relationships:intersect", reading.intersect, READ),
        route("POST", "relationships:batch", reading.batch, READ),
        route("GET", "relationships/{relationshipId}", reading.show, READ),
        route("PUT", "relationships", writing.create, CREATE, WRITE),
        route("POST", "relationships:delete", writing.delete, WRITE),
        route("POST", "relationships:sync", syncing.sync, READ),
        route("POST", "relationships:syncStatus", syncing.sync_status, READ),
        Route(f"{ROOT}/utility/relationships:writable", writable, methods=["GET"]),
        Route("/authentication/v2/token", open_token_endpoint(office), methods=["POST"]),
    ]
