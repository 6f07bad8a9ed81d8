"""What every relationship call passes before it is answered: gateway first, then the service's own checks."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from math import ceil
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from connectors.sandbox.autodesk import problem
from connectors.sandbox.autodesk.account import Account, Accounts
from connectors.sandbox.autodesk.container import Container
from connectors.sandbox.autodesk.kind import GUID
from connectors.sandbox.autodesk.problem import Refusal
from connectors.sandbox.autodesk.quota import Quota
from connectors.sandbox.autodesk.switches import AutodeskSwitches
from connectors.sandbox.autodesk.visit import Handler, Visit
from connectors.sandbox.autodesk.world import World
from connectors.sandbox.clock import Clock
from connectors.sandbox.switches import Switches

HOME_REGION = "US"


@dataclass(frozen=True, slots=True)
class Office:
    """The upstream's whole state."""

    world: World
    switches: Switches[AutodeskSwitches]
    clock: Clock
    accounts: Accounts = field(default_factory=Accounts)
    quota: Quota = field(default_factory=Quota)


def open_endpoint(
    office: Office, handler: Handler, *, scopes: tuple[str, ...]
) -> Callable[[Request], Awaitable[Response]]:
    """Put a handler behind the gate; what it returns is the body of a 200, unless it raises a Refusal."""

    async def answer(request: Request) -> Response:
        try:
            content = handler(await _admit(request, office, scopes))
        except Refusal as refusal:
            return reply_refusal(refusal)
        return JSONResponse(content)

    return answer


def reply_refusal(refusal: Refusal) -> Response:
    """Give a refusal as a reply."""
    return JSONResponse(refusal.content, status_code=refusal.status, headers=refusal.headers)


def bearer_of(authorization: str) -> str:
    """Give the token of an `Authorization: Bearer` value, or an empty text."""
    kind, _, token = authorization.strip().partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def pass_gateway(request: Request, office: Office, *, scopes: tuple[str, ...]) -> Account:
    """Check token, app, scopes and quota; all relationship endpoints of a user share one quota."""
    switches, now = office.switches.now, office.clock()
    bearer = bearer_of(request.headers.get("authorization", ""))
    account = office.accounts.authenticate(bearer, switches=switches, now=now)
    if account is None:
        raise problem.unauthenticated()
    if not account.has_api:
        raise problem.not_provisioned()
    if not account.scopes.issuperset(scopes):
        raise problem.scope_missing()
    wait = office.quota.take(
        f"user {account.user}",
        limit=switches.requests_per_minute,
        now=now,
        window=timedelta(seconds=switches.quota_seconds),
    )
    if wait is not None:
        told = {"seconds": str(ceil(wait.total_seconds())), "date": _http_date(now + wait), "omit": None}
        raise problem.over_quota(retry_after=told[switches.retry_after])
    return account


async def _admit(request: Request, office: Office, scopes: tuple[str, ...]) -> Visit:
    account = pass_gateway(request, office, scopes=scopes)
    switches = office.switches.now
    body = await _read_body(request)
    query: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        query.setdefault(name.lower() if switches.parameter_names == "any_case" else name, value)
    return Visit(
        account=account,
        container=_enter(request, office, account),
        switches=switches,
        now=office.clock(),
        scope=request.scope,
        path=request.path_params,
        query=query,
        body=body,
    )


def _enter(request: Request, office: Office, account: Account) -> Container:
    """Find the container; its region is the gateway's business, membership the service's."""
    switches = office.switches.now
    name = request.path_params["containerId"]
    if not GUID.fullmatch(name):
        raise problem.bad_value("containerId", value=name)
    name = name.lower()
    if name in switches.broken_containers:
        raise problem.service_refusal(500)
    container = office.world.get(name)
    if container is None:
        raise problem.service_refusal(switches.unknown_container)
    region = request.headers.get("x-ads-region", "").upper()
    # Seen in the EMEA: without the header the gateway refuses, although the reference page promises routing.
    if not region and container.region != HOME_REGION and switches.region_omitted == "refuse":
        raise problem.not_provisioned()
    if (region and region != container.region) or name not in account.containers:
        raise problem.service_refusal(403)
    return container


async def _read_body(request: Request) -> Any:
    if request.method not in {"POST", "PUT"}:
        return None
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise problem.service_refusal(415)
    try:
        return json.loads(await request.body())
    except ValueError as error:
        raise problem.bad_input([("body", "The body is not valid JSON.")]) from error


def _http_date(moment: datetime) -> str:
    # The form has whole seconds only: the next one, so that waiting until then is enough.
    return format_datetime((moment + timedelta(seconds=1)).replace(microsecond=0), usegmt=True)
