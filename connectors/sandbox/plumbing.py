"""What every sandbox upstream has in common: faults, a journal and control endpoints around its routes."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.sandbox.clock import Clock, Sleep, wall_clock
from connectors.sandbox.control import CONTROL_PREFIX, Control
from connectors.sandbox.delivery import Delivery
from connectors.sandbox.faults import Faults
from connectors.sandbox.journal import Journal
from connectors.sandbox.switches import Switches


def create_sandbox(
    *,
    routes: Sequence[BaseRoute],
    switches: Switches[Any],
    world: Callable[[], Any],
    refuse: Callable[[Request, int], Response] | None = None,
    name_caller: Callable[[Scope], str | None] | None = None,
    seed: int = 7,
    clock: Clock = wall_clock,
    sleep: Sleep = asyncio.sleep,
) -> ASGIApp:
    """Wrap an upstream's routes with fault injection, a call journal and the `/_sandbox/` endpoints.

    Routes read `switches.now`, tell the journal what only they know with `journal.note(request.scope,
    caller=..., nodes=[...])`, and obey the paging faults that `faults.rule_of(request.scope)` returns
    (`endless_pages`, `same_token`; None when the call is not faulted). `world` is called for each
    `GET /_sandbox/world`. `refuse` builds the upstream's own error body for a fault that gives a
    status >= 300 and no body; without it such a reply is empty. `name_caller` labels calls whose
    fault keeps them from the routes. `seed` decides faults with a probability.
    """
    faults = Faults(seed=seed)
    journal = Journal(clock=clock)
    control = Router(Control(switches=switches, faults=faults, journal=journal, world=world).routes())
    upstream = Router(list(routes), redirect_slashes=False)
    delivery = Delivery(upstream=upstream, refuse=refuse, sleep=sleep)

    async def sandbox(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PREFIX):
            await control(scope, receive, send)
            return
        entry = journal.open(scope)
        send = entry.watch(send)
        try:
            if not faults.rules:
                await upstream(scope, receive, send)
                return
            rule, body = await faults.choose(scope, receive)
            await delivery.deliver(rule, body=body, scope=scope, receive=receive, send=send)
        finally:
            if entry.caller is None and name_caller is not None:
                entry.caller = name_caller(scope)
            journal.close()

    return sandbox
