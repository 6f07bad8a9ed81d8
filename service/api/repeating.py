"""The layer that answers a question again without asking anybody, if its answer is kept (ADR 0041).

A question is everything that was sent: method, path, query and headers, credentials among them, but for
the few headers that no answer here depends on. It is kept as a keyed digest only. Who may not have an
answer was refused it the first time, so the same words from the same caller need no second look: what
could change that verdict later is a marker in the store, and those are watched like everything else.
A repeated answer counts against its caller's limit like any other.
"""

from datetime import datetime, timedelta
from hashlib import blake2b
from secrets import token_bytes
from time import perf_counter
from typing import cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.metering import note_answer
from service.api.repeated import Headers, Repeatable, Repeated, make_repeated
from service.usecases.cached.footing import Footing
from service.usecases.repeats import Repeats
from service.usecases.service import Service

_FOOTING = "footing"
_REPEATABLE = "repeatable"
_ROUTES = "/graph"
# Who carries a question on its way, and with which tool it was asked, changes no answer.
_UNREAD = frozenset(
    {
        b"baggage",
        b"referer",
        b"traceparent",
        b"tracestate",
        b"user-agent",
        b"x-correlation-id",
        b"x-request-id",
    }
)


class Repeating:
    """Keeps whole answers of GET /graph for who asks the same again.

    It stands around the compression, which is not done twice either.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app
        self._key = token_bytes(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        service = _service_of(scope)
        if service is None:
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        repeats, clock = service.repeats, service.expander.clock
        question = self._question(scope)
        kept = await repeats.find(question)
        # Who is over its limit is refused by the application, in its words.
        if kept is not None and await _granted(kept.caller, service=service):
            scope["route"] = kept.route
            note_answer(scope, complete=True)
            service.metrics.repeated()
            for source, outcome in kept.made.outcomes:
                service.metrics.concluded(source, outcome=outcome)
            await kept.send(send, now=clock.now(), took=timedelta(seconds=perf_counter() - started))
            return
        footing = repeats.expect(question)
        if footing is None:
            await self._app(scope, receive, send)
            return
        await self._serve(scope, receive, send, footing=footing, question=question, repeats=repeats)

    async def _serve(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        footing: Footing,
        question: bytes,
        repeats: Repeats[Repeated],
    ) -> None:
        """Have the question answered, and keep the answer if it is one to keep."""
        state = scope.setdefault("state", {})
        state[_FOOTING] = footing
        status, headers = 0, cast("Headers", [])

        async def send_noting(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message["headers"])
            await send(message)

        await self._app(scope, receive, send_noting)
        noted = state.get(_REPEATABLE)
        if noted is None:
            return
        made, at = noted
        kept = await make_repeated(
            made,
            caller=state.get("caller"),
            status=status,
            headers=headers,
            route=scope.get("route"),
            at=at,
        )
        if kept is not None:
            repeats.keep(question, kept, footing=footing, size=kept.size)

    def _question(self, scope: Scope) -> bytes:
        """Give the digest of everything that was sent; lengths keep its parts apart."""
        digest = blake2b(key=self._key, digest_size=20)
        parts = [scope["raw_path"], scope["query_string"], scope.get("root_path", "").encode()]
        for name, value in scope["headers"]:
            if name not in _UNREAD:
                parts += (name, value)
        digest.update(b",".join(b"%d" % len(part) for part in parts) + b";")
        digest.update(b"".join(parts))
        return digest.digest()


def footing_of(scope: Scope) -> Footing | None:
    """Give what the answer to this request is to note; None when it will not be kept."""
    return cast("Footing | None", scope.get("state", {}).get(_FOOTING))


def note_repeatable(scope: Scope, made: Repeatable, *, at: datetime) -> None:
    """Leave an answer, made `at` some moment, with the layer that keeps it."""
    scope["state"][_REPEATABLE] = (made, at)


async def _granted(caller: str | None, *, service: Service) -> bool:
    return caller is None or await service.caller_limits.take(caller) is None


def _service_of(scope: Scope) -> Service | None:
    """Give the service if this is a request whose answer may be kept."""
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(_ROUTES):
        return None
    service = getattr(scope["app"].state, "service", None)
    return service if isinstance(service, Service) and service.repeats.is_on else None
