"""Deliver a reply as a fault rule bids: late, replaced, spoilt, dripping, cut off or not at all."""

from collections.abc import Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.sandbox.clock import Sleep
from connectors.sandbox.connection import (
    BODILESS,
    Headers,
    Made,
    begin,
    capture,
    hang_up,
    push,
    replayed,
    until_disconnect,
)
from connectors.sandbox.faults import FaultRule
from connectors.sandbox.mangle import HTML_PAGE, bomb_body, huge_body, spoil

FIRST_OTHER_STATUS = 300  # from here on a reply is no success, and the real body would not fit it
TICKS_PER_SECOND = 10
REDIRECT_STATUS = 307  # keeps the method, unless the rule names another

JSON_TYPE: Headers = ((b"content-type", b"application/json"),)
HTML_TYPE: Headers = ((b"content-type", b"text/html; charset=utf-8"),)
GZIPPED_JSON: Headers = (*JSON_TYPE, (b"content-encoding", b"gzip"))

INVENTIONS: dict[str | None, Callable[[], Made]] = {
    "html": lambda: Made(status=200, headers=HTML_TYPE, body=HTML_PAGE),
    "bomb": lambda: Made(status=200, headers=GZIPPED_JSON, body=bomb_body()),
    "huge": lambda: Made(status=200, headers=JSON_TYPE, body=b""),  # its body is streamed
}


class Delivery:
    """Stands between the routes and the wire."""

    def __init__(
        self, *, upstream: ASGIApp, refuse: Callable[[Request, int], Response] | None, sleep: Sleep
    ) -> None:
        self._upstream = upstream
        self._refuse = refuse
        self._sleep = sleep

    async def deliver(
        self, rule: FaultRule | None, *, body: bytes, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one call, whose body has been read, as the rule bids; None bids nothing."""
        if rule is None:
            await self._upstream(scope, replayed(body, receive), send)
            return
        work = self._misbehave(rule, body=body, scope=scope, receive=receive, send=send)
        await until_disconnect(work, receive)

    async def _misbehave(
        self, rule: FaultRule, *, body: bytes, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if rule.latency_seconds:
            await self._sleep(rule.latency_seconds)
        if rule.drop == "before":
            await hang_up(scope, receive)
            return
        made = self._invent(rule, scope) or await capture(self._upstream, scope, replayed(body, receive))
        made = overlay(made, rule)
        if rule.malformed == "huge":
            await begin(send, made, length=None)
            for piece in huge_body():
                await push(send, piece, more=True)
            await push(send, b"", more=False)
        elif rule.drop == "midway":
            await begin(send, made, length=max(1, len(made.body)))
            await push(send, made.body[: len(made.body) // 2], more=True)
            await hang_up(scope, receive)
        elif rule.drip_bytes_per_second is not None:
            await self._drip(send, made, rule.drip_bytes_per_second)
        else:
            await begin(send, made, length=len(made.body))
            await push(send, made.body, more=False)

    def _invent(self, rule: FaultRule, scope: Scope) -> Made | None:
        """Return the reply of a rule that needs nothing from the upstream."""
        if rule.redirect_to is not None:
            location = (b"location", rule.redirect_to.encode("latin-1", "replace"))
            return Made(status=REDIRECT_STATUS, headers=(location,), body=b"")
        if rule.malformed in INVENTIONS:
            return INVENTIONS[rule.malformed]()
        if rule.body is not None:
            return Made(status=200, headers=JSON_TYPE, body=rule.body.encode())
        if rule.status is None or rule.status < FIRST_OTHER_STATUS:
            return None
        if self._refuse is None:
            return Made(status=rule.status, headers=(), body=b"")
        refusal = self._refuse(Request(scope), rule.status)
        return Made(status=rule.status, headers=tuple(refusal.raw_headers), body=bytes(refusal.body))

    async def _drip(self, send: Send, made: Made, rate: float) -> None:
        size = max(1, round(rate / TICKS_PER_SECOND))
        await begin(send, made, length=len(made.body))
        for start in range(0, len(made.body), size):
            await self._sleep(size / rate)
            await push(send, made.body[start : start + size], more=True)
        await push(send, b"", more=False)


def overlay(made: Made, rule: FaultRule) -> Made:
    """Return the reply with the rule's spoiling, status and headers laid over it, whoever made it."""
    body = made.body
    if rule.malformed in {"truncated", "wrong_types", "missing_fields"}:
        body = spoil(body, how=rule.malformed)
    status = rule.status or made.status
    if status in BODILESS:
        body = b""
    extra = tuple((k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in rule.headers.items())
    replaced = {name for name, _ in extra}
    kept = tuple(pair for pair in made.headers if pair[0] not in replaced)
    return replace(made, status=status, headers=kept + extra, body=body)
